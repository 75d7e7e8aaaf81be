// SPDX-License-Identifier: Apache-2.0
// Everything works without this file; with it, it works a little better.

// The error summary is heard and seen first.
document.querySelector("[data-focus]")?.focus();

// A link of the summary leads to the input itself, not just to its place on the page.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".error-summary a[href^='#']");
  const target = link && document.getElementById(link.hash.slice(1));
  if (!target) return;
  event.preventDefault();
  (target.closest(".field") ?? target).scrollIntoView({ block: "start" });
  target.focus({ preventScroll: true });
});

// One press, one request: the server refuses a repeated key anyway, this spares the reader its page.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  event.submitter?.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("button[aria-busy]")) button.removeAttribute("aria-busy");
});
// HTMX keeps the page: its forms may be sent again once answered.
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form");
  if (form) delete form.dataset.sent;
});

// Which files are chosen, and how large: a wrong one is seen before it is sent.
document.addEventListener("change", (event) => {
  const input = event.target;
  if (input.type !== "file") return;
  const output = input.parentElement.querySelector("output.chosen");
  if (!output) return;
  const size = new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit: "kilobyte", maximumFractionDigits: 0 });
  output.textContent = [...input.files].map((file) => `${file.name} · ${size.format(Math.ceil(file.size / 1024))}`).join("\n");
});

// Buttons that only a script can serve appear only with it.
for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// A form that keeps itself: saved a moment after the last key, and when the page is left. Files are sent only by its buttons.
for (const form of document.querySelectorAll("form[data-autosave]")) {
  const output = form.querySelector("output[data-autosaved]");
  let timer = 0;
  let changed = false;
  let stopped = false;
  const body = () => {
    const data = new FormData(form);
    for (const input of form.querySelectorAll("input[type=file]")) data.delete(input.name);
    data.set("autosave", "1");
    return data;
  };
  const keep = async () => {
    if (!changed || stopped || form.dataset.sent) return;
    changed = false;
    try {
      const answer = await fetch(location.href, { method: "POST", body: body(), redirect: "error" });
      if (answer.status === 409) {
        stopped = true;
        output.textContent = output.dataset.overtaken;
      } else if (answer.ok) {
        const kept = await answer.json();
        form.elements.draft_version.value = kept.version;
        form.elements.draft_reference.value = kept.reference;
        output.textContent = output.dataset.saved;
      } else {
        changed = true;
      }
    } catch {
      changed = true; // no network: the next change tries again
    }
  };
  form.addEventListener("input", () => {
    changed = true;
    clearTimeout(timer);
    timer = setTimeout(keep, 2000);
  });
  addEventListener("pagehide", () => {
    if (changed && !stopped && !form.dataset.sent) navigator.sendBeacon(location.href, body());
  });
}
