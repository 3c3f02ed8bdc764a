// Says moments as people do ("3 minutes ago") and keeps that true. Without this script they stay as the page says them.
"use strict";

(() => {
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const steps = [["second", 60], ["minute", 60], ["hour", 24], ["day", 30], ["month", 12], ["year", Infinity]];
  // What the server's clock says beyond ours: a wrong clock here must not turn the past into the future.
  const ahead = Date.parse(document.body.dataset.now) - Date.now() || 0;

  const relative = (at) => {
    let count = Math.round((at - Date.now() - ahead) / 1000);
    if (Math.abs(count) < 5) return "just now";
    if (Math.abs(count) < 60) count = Math.round(count / 5) * 5;
    for (const [unit, size] of steps) {
      if (Math.abs(count) < size) return words.format(count, unit);
      count = Math.round(count / size);
    }
  };

  const say = () => {
    for (const time of document.querySelectorAll("time[data-ago]")) {
      time.title ||= time.textContent;
      const text = relative(Date.parse(time.dateTime));
      if (time.textContent !== text) time.textContent = text;
    }
  };

  say();
  setInterval(say, 5000);
  document.addEventListener("htmx:afterSwap", say);
})();
