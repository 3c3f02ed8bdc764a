// Small comforts. Every page works without them.
"use strict";

const REFRESH_MS = 2000;

// -- what happens elsewhere appears by itself -------------------------------------------------------------------------

const isBusy = (part) =>
  part.contains(document.activeElement) ||
  part.querySelector("details[open]") !== null ||
  part.contains(document.getSelection()?.anchorNode) && !document.getSelection().isCollapsed;

async function refresh(parts) {
  if (document.hidden) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of parts) {
    const now = fresh.getElementById(part.id);
    if (now && !isBusy(part) && now.innerHTML !== part.innerHTML) part.replaceChildren(...now.childNodes);
  }
}

function follow(parts) {
  const heading = document.querySelector("main .heading");
  const button = document.createElement("button");
  let timer = 0;
  const show = () => {
    button.textContent = timer ? "Pause updates" : "Resume updates";
  };
  const turn = () => {
    if (timer) {
      clearInterval(timer);
      timer = 0;
    } else {
      // The emulator may be away for a moment; the next turn tries again.
      timer = setInterval(() => refresh(parts).catch(() => undefined), REFRESH_MS);
    }
    show();
  };
  button.type = "button";
  button.addEventListener("click", turn);
  turn();
  let actions = heading?.querySelector(":scope > .actions");
  if (heading && !actions) {
    actions = document.createElement("div");
    actions.className = "actions";
    heading.append(actions);
  }
  actions?.prepend(button);
}

// -- copying ----------------------------------------------------------------------------------------------------------

function makeCopyable(element) {
  const button = document.createElement("button");
  const text = element.textContent;
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  });
  if (element.tagName !== "PRE") {
    element.after(button);
    return;
  }
  const box = document.createElement("div");
  box.className = "copyable";
  element.replaceWith(box);
  box.append(element, button);
}

const parts = [...document.querySelectorAll("[data-live]")];
if (parts.length) follow(parts);
if (navigator.clipboard) document.querySelectorAll("[data-copy]").forEach(makeCopyable);
