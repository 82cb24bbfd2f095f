// How the cards stand: as many columns as make the pictures largest, and all of them within the
// window where they can still be made out there. What else there is of a camera has its place below
// its picture if that leaves room, and beside it where it is shown alone.

const SHAPE = 16 / 9; // of the place of a picture; one of another shape stands in the middle of it
const GAP = 12; // as in style.css
const NARROW = 600; // a window in which pictures stand one below the other
const LEAST = 200; // width of a picture that can be made out
const USUAL = 300; // and where they scroll anyway
const ROOM = 190; // below a picture, for figures and coverage

// What stands below a picture in a card of a width: name, state and legend, in one line or two.
const caption = (width) => (width >= 480 ? 46 : 74); // as in style.css

// Return the columns, whether all cards fit the height, and whether they have room below pictures.
export function arrangement(count, width, height) {
  if (width < NARROW) return { columns: 1, fits: false, hasRoom: false };
  const ways = Array.from({ length: count }, (_, at) => way(at + 1, count, width, height));
  const largest = Math.max(...ways.map((each) => each.picture));
  if (largest < LEAST) return { columns: Math.max(1, Math.floor((width + GAP) / (USUAL + GAP))), fits: false, hasRoom: false };
  // Nearly as large in fewer rows looks tidier, and leaves room for figures.
  const tidy = ways.filter((each) => each.picture >= 0.85 * largest);
  const [{ columns, hasRoom }] = tidy.sort((a, b) => a.rows - b.rows || b.picture - a.picture);
  return { columns, fits: true, hasRoom };
}

function way(columns, count, width, height) {
  const rows = Math.ceil(count / columns);
  const [across, down] = [(width - GAP * (columns - 1)) / columns, (height - GAP * (rows - 1)) / rows];
  const left = down - caption(across);
  return {
    columns,
    rows,
    picture: Math.min(across, left * SHAPE),
    hasRoom: left - across / SHAPE >= ROOM,
  };
}

// Keeps the cards in a place of the page as they should stand, in a window of any size.
export class Layout {
  constructor(place) {
    this.place = place;
    addEventListener("resize", () => this.arrange());
  }

  arrange() {
    const { place } = this;
    const isSingle = place.querySelector(".card.large") !== null;
    const style = getComputedStyle(place);
    const [width, height] = [
      place.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight),
      innerHeight - place.offsetTop - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom),
    ];
    const { columns, fits, hasRoom } = arrangement(isSingle ? 1 : place.children.length, width, height);
    place.classList.toggle("single", isSingle);
    place.classList.toggle("fits", fits && !isSingle);
    place.classList.toggle("roomy", hasRoom && !isSingle);
    place.style.setProperty("--columns", isSingle ? 1 : columns);
  }
}
