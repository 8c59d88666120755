// Keeps a part of a page current: `<section id="…" data-live="/v1/…">` names a stream of server-sent events. When one
// comes, the page is read again, and the part is replaced. Without scripts, the page shows what it showed at first.
"use strict";

(() => {
  const PAUSE_MS = 2000; // between two readings, however many events come
  const LONGEST_PAUSE_MS = 60000; // before a stream is asked for once more
  const parts = [...document.querySelectorAll("[data-live][id]")];
  let reading = false;
  let wanted = false;

  const replaced = (page, selector) => {
    const [old, fresh] = [document.querySelector(selector), page.querySelector(selector)];
    if (!old || !fresh || old.innerHTML === fresh.innerHTML) {
      return;
    }
    // A link that has the focus has it again.
    const focused = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
    old.replaceChildren(...fresh.childNodes);
    if (focused) {
      old.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    }
  };

  const read = async () => {
    wanted = true;
    if (reading || document.hidden) {
      return;
    }
    reading = true;
    while (wanted && !document.hidden) {
      wanted = false;
      try {
        const answer = await fetch(location.href, { headers: { accept: "text/html" } });
        if (answer.ok) {
          const page = new DOMParser().parseFromString(await answer.text(), "text/html");
          for (const selector of [...parts.map((part) => `#${CSS.escape(part.id)}`), ".as-of"]) {
            replaced(page, selector);
          }
        }
      } catch {
        // A stream opens again when the server is back, which reads the page.
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    reading = false;
  };

  // What came before the stream began is on the page only if that is read once more. A page that nobody sees holds no
  // stream: a browser has few connections for each server, and a server few streams.
  let streams = [];
  let pause = PAUSE_MS;
  let again = 0;
  const follow = () => {
    clearTimeout(again);
    for (const stream of streams) {
      stream.close();
    }
    const addresses = document.hidden ? [] : new Set(parts.map((part) => part.dataset.live));
    streams = [...addresses].map((address) => {
      const stream = new EventSource(address);
      stream.addEventListener("open", () => {
        pause = PAUSE_MS;
        read();
      });
      // A browser comes back by itself when a connection has ended, but never after an answer that is no stream, as
      // of a proxy while the server starts.
      stream.addEventListener("error", () => {
        if (stream.readyState === EventSource.CLOSED) {
          clearTimeout(again);
          again = setTimeout(follow, pause);
          pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
        }
      });
      for (const part of parts.filter((each) => each.dataset.live === address)) {
        stream.addEventListener(part.dataset.liveType, read);
      }
      return stream;
    });
  };
  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", () => {
    clearTimeout(again);
    streams.forEach((stream) => stream.close());
  });
  follow();
})();
