// Exchanges the token for a session, which the browser keeps where no script can read it.

const form = document.getElementById("login");
const token = document.getElementById("token");
const problem = document.getElementById("problem");
const button = form.querySelector("button");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  problem.textContent = "";
  try {
    const answer = await fetch("/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: token.value }),
    });
    if (answer.ok) {
      location.replace(`/${location.hash}`);
      return;
    }
    problem.textContent = sentence((await answer.json()).message);
  } catch {
    problem.textContent = "livesegment does not answer.";
  }
  button.disabled = false;
  token.select();
});

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}
