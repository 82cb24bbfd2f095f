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

// Have some buttons not pressed while something is under way; a focus that is lost by it comes back.
export async function holding(buttons, doing) {
  const focused = document.activeElement;
  for (const each of buttons) each.disabled = true;
  try {
    await doing();
  } finally {
    for (const each of buttons) each.disabled = false;
    if (document.activeElement === document.body) focused.focus();
  }
}

// What an input offers to be chosen, beside whatever is typed.
export function suggest(input, values) {
  const list = made("datalist", { id: newId() }, ...values.map((each) => new Option(each, each)));
  input.setAttribute("list", list.id);
  return list;
}

// A labelled row of a form: its field, and what is said below it, which is no part of its name.
export function row(label, field, hint = "") {
  const name = made("span", { id: newId() }, label);
  const element = made("label", { className: "row-of-form" }, name, field);
  field.setAttribute("aria-labelledby", name.id);
  if (!hint) return element;
  const said = made("small", { id: newId() }, hint);
  field.setAttribute("aria-describedby", said.id);
  element.append(said);
  return element;
}

let ids = 0;
const newId = () => `made-${(ids += 1)}`;
