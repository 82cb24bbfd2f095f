// Makes elements: made("button", { type: "button" }, "Save").

export function made(tag, said = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(said)) {
    if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...inside);
  return element;
}

export const button = (text, onClick, className = "plain") => {
  const element = made("button", { type: "button", className }, text);
  element.addEventListener("click", onClick);
  return element;
};

// A labelled row of a form: its field, and what is said below it.
export function row(label, field, hint = "") {
  const inside = [made("span", {}, label), field];
  if (hint) inside.push(made("small", {}, hint));
  return made("label", { className: "row-of-form" }, ...inside);
}
