// A test message to the phones that are told of events: a button, and a dialog that says who took it.

export class PhoneTest {
  constructor(button, dialog) {
    this.button = button;
    this.dialog = dialog;
    this.said = dialog.querySelector("p");
    this.list = dialog.querySelector("ul");
    button.addEventListener("click", () => this.#send());
    dialog.querySelector("button").addEventListener("click", () => dialog.close());
  }

  // Offer it where somebody is told, to who may change something.
  show(phones, mayChange) {
    this.button.hidden = phones === 0 || !mayChange;
  }

  async #send() {
    this.button.disabled = true;
    this.said.textContent = "Sending…";
    this.list.replaceChildren();
    this.dialog.showModal();
    const { told, message } = await ask();
    this.button.disabled = false;
    if (message !== undefined) {
      this.said.textContent = message;
      return;
    }
    const taken = told.filter((each) => each.is_told).length;
    this.said.textContent = taken === told.length ? "Everybody took it." : `${taken} of ${told.length} took it.`;
    this.list.replaceChildren(...told.map(item));
  }
}

async function ask() {
  try {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch("/api/notify/test", { method: "POST", headers, body: "{}" });
    return await answer.json();
  } catch {
    return { message: "No connection to livesegment." };
  }
}

function item({ place, is_told: isTold }) {
  const line = document.createElement("li");
  line.textContent = `${place}: ${isTold ? "sent" : "not taken"}`;
  line.classList.toggle("bad", !isTold);
  return line;
}
