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

// What an input offers to be chosen, beside whatever is typed.
export function suggest(input, values) {
  const list = made("datalist", { id: `suggested-${(suggested += 1)}` }, ...values.map((each) => new Option(each, each)));
  input.setAttribute("list", list.id);
  return list;
}

let suggested = 0;

// A labelled row of a form: its field, and what is said below it.
export function row(label, field, hint = "") {
  const inside = [made("span", {}, label), field];
  if (hint) inside.push(made("small", {}, hint));
  return made("label", { className: "row-of-form" }, ...inside);
}
