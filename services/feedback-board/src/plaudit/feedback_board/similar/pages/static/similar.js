// Similar requests while somebody types. Without this script they are shown when the form is sent.

const place = document.getElementById("similar");
const counted = document.getElementById("similar-count");
const title = document.getElementById("new-title");
const PAUSE_MS = 400;

let waiting = 0;
let asking = null;

async function ask(text) {
  asking?.abort();
  asking = new AbortController();
  const query = new URLSearchParams({ q: text, form: place.dataset.form, newcomer: place.dataset.newcomer });
  const answer = await fetch(`${place.dataset.address}?${query}`, {
    headers: { accept: "text/html" },
    signal: asking.signal,
  });
  if (!answer.ok) return;
  // The page is our own, and escapes what strangers wrote.
  place.innerHTML = await answer.text();
  counted.textContent = place.querySelector("[data-said]")?.dataset.said ?? "";
}

title?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => ask(title.value).catch(() => {}), PAUSE_MS);
});
