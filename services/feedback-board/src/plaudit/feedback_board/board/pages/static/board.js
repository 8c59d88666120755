// The public board without reloading: everything works without this script.
// A vote is sent as its form would be; the page that comes back says what is new of the row.

const said = document.createElement("p");
said.className = "said";
said.setAttribute("aria-live", "polite");
document.querySelector("main")?.append(said);

function say(words) {
  said.textContent = words;
}

async function send(form) {
  const answer = await fetch(form.action, {
    method: "POST",
    body: new URLSearchParams(new FormData(form)),
    headers: { accept: "text/html" },
  });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return answer.ok ? page : null;
}

function replaceVote(form, page) {
  const row = form.closest("[id^='request-']");
  const fresh = row && page.getElementById(row.id)?.querySelector(".vote-form");
  if (!fresh) return null;
  const had = form.contains(document.activeElement);
  form.replaceWith(document.adoptNode(fresh));
  const button = row.querySelector("button.vote");
  if (had) button.focus();
  return button;
}

document.addEventListener("submit", async event => {
  const form = event.target;
  if (!form.matches(".vote-form") || form.elements.back.value !== "board") return;
  event.preventDefault();
  const button = form.querySelector("button");
  if (button.getAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  try {
    const page = await send(form);
    const fresh = page && replaceVote(form, page);
    if (!fresh) throw new Error("the answer does not show the row");
    const votes = `${fresh.querySelector(".number").textContent} ${fresh.querySelector(".unit").textContent}`;
    say(`${page.querySelector("[role=status]")?.textContent.trim() ?? ""} ${votes}`);
  } catch {
    // As without a script: the browser shows what the server says. A vote sent twice counts once.
    form.submit();
  }
});
