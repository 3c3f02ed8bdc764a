// Keeps the moving part of a page up to date: asks for it again while the page is visible, swaps it only when it has
// changed, and says so when the server cannot be reached. The server answers 304 to the ETag that is shown already.
"use strict";

(() => {
  const PACE_MS = 2000;
  const HURRY_MS = 1000; // while a first sync runs
  const SLOWEST_MS = 30000; // between attempts while the server is away
  const LOST = "Not up to date: reconnecting…";

  const live = document.querySelector("[data-live]");
  const connection = document.getElementById("connection");
  const announcement = document.getElementById("announcement");
  let timer = 0;
  let failures = 0;
  let asking = false;

  const ask = () => {
    clearTimeout(timer);
    if (!document.hidden && !asking) htmx.trigger(live, "refresh");
  };

  const askLater = () => {
    const pace = live.querySelector("[data-hurry]") ? HURRY_MS : PACE_MS;
    clearTimeout(timer);
    timer = setTimeout(ask, Math.min(SLOWEST_MS, pace * 2 ** failures));
  };

  const say = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  // Somebody who is marking text, to copy it, must not lose it.
  const isMarking = () => {
    const selection = getSelection();
    return !selection.isCollapsed && live.contains(selection.anchorNode);
  };

  const isOurs = (text) => text.includes(`data-fragment="${live.dataset.live}"`);

  live.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["If-None-Match"] = live.dataset.etag;
  });

  live.addEventListener("htmx:beforeRequest", () => {
    asking = true;
  });

  live.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.status === 404 || (xhr.status === 200 && !isOurs(xhr.responseText))) {
      event.detail.shouldSwap = false; // signed out, let in, disconnected: another page now
      location.reload();
    } else if (event.detail.shouldSwap && isMarking()) {
      event.detail.shouldSwap = false;
    } else if (event.detail.shouldSwap) {
      live.dataset.etag = xhr.getResponseHeader("ETag") || "";
    }
  });

  live.addEventListener("htmx:afterSwap", () => {
    say(announcement, live.querySelector("[data-announce]")?.dataset.announce || "");
  });

  live.addEventListener("htmx:afterRequest", (event) => {
    const { status } = event.detail.xhr;
    asking = false;
    failures = status === 200 || status === 304 ? 0 : Math.min(failures + 1, 5);
    say(connection, failures ? LOST : "");
    askLater();
  });

  document.addEventListener("visibilitychange", ask);
  addEventListener("online", ask);
  askLater();
})();
