// Pointers and keys on the picture: moving, enlarging, dividing, painting, focusing.

const at = (id) => document.getElementById(id);

/** How far a pointer may stray in a click, screen pixels. */
const stray = 4;

/**
 * Listens to the picture.
 * @param actions
 *   view() the PictureView; changed() after it was moved; divide(share) moves the divider; read(point) tells of a pixel;
 *   paints() whether pointers paint; paint(point); press(point) is a click that does not paint; ended() after a gesture.
 */
export function listenToPicture(actions) {
  listenToPointers(actions);
  listenToDivider(actions);
  listenToKeys(actions);
  at("brush").addEventListener("change", () => at("picture").classList.toggle("is-painting", at("brush").checked));
}

function place(event) {
  const box = at("picture").getBoundingClientRect();
  return { x: (event.clientX - box.left) * devicePixelRatio, y: (event.clientY - box.top) * devicePixelRatio };
}

function between(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function listenToPointers({ view, changed, read, paints, paint, press, ended }) {
  const picture = at("picture");
  const pointers = new Map();
  let moved = 0;
  const isPainting = () => paints() && pointers.size === 1;
  picture.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    picture.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    moved = 0;
    if (isPainting()) paint(view().pointAt(place(event)));
  });
  picture.addEventListener("pointermove", (event) => {
    const now = place(event);
    read(view().pointAt(now));
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, now);
    moved += between(now, before);
    if (isPainting()) return void paint(view().pointAt(now));
    if (other) {
      // Two fingers: what lies between them stays there.
      view().move((now.x - before.x) / 2 / view().zoom, (now.y - before.y) / 2 / view().zoom);
      view().enlarge(between(now, other) / Math.max(between(before, other), 1), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
    } else {
      view().move((now.x - before.x) / view().zoom, (now.y - before.y) / view().zoom);
    }
    changed();
  });
  const end = (event) => {
    const isClick = event.type === "pointerup" && moved < stray * devicePixelRatio && !isPainting();
    if (!pointers.delete(event.pointerId)) return;
    if (isClick && pointers.size === 0) press(view().pointAt(place(event)));
    ended();
  };
  picture.addEventListener("pointerup", end);
  picture.addEventListener("pointercancel", end);
  picture.addEventListener("wheel", (event) => {
    event.preventDefault();
    view().enlarge(2 ** (-event.deltaY / 300), place(event));
    changed();
  }, { passive: false });
}

/** The handle covers a part of the picture: a click there that drags nothing is one on the picture. */
function listenToDivider({ view, divide, paints, paint, press, ended }) {
  const handle = at("split").firstElementChild;
  let start = null;
  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    start = { x: place(event).x, y: place(event).y, isDrag: false };
  });
  handle.addEventListener("pointermove", (event) => {
    if (!start || !handle.hasPointerCapture(event.pointerId)) return;
    start.isDrag ||= between(place(event), start) >= stray * devicePixelRatio;
    if (start.isDrag) divide(place(event).x / view().canvas.width);
  });
  handle.addEventListener("pointerup", (event) => {
    const isClick = start && !start.isDrag;
    start = null;
    if (!isClick) return;
    at("picture").focus({ preventScroll: true, focusVisible: false });
    const point = view().pointAt(place(event));
    if (paints()) paint(point);
    else press(point);
    ended();
  });
  handle.addEventListener("pointercancel", () => (start = null));
}

function listenToKeys({ view, changed, divide, read, paints, paint, press, ended }) {
  const middle = () => ({ x: view().x, y: view().y });
  const act = () => {
    if (paints()) paint(middle());
    else press(middle());
    ended();
  };
  at("picture").addEventListener("keydown", (event) => {
    const step = 40 / view().zoom;
    const work = {
      ArrowLeft: () => view().move(step, 0), ArrowRight: () => view().move(-step, 0), ArrowUp: () => view().move(0, step),
      ArrowDown: () => view().move(0, -step), "+": () => view().enlarge(1.5), "=": () => view().enlarge(1.5),
      "-": () => view().enlarge(1 / 1.5), 0: () => view().fit(), "[": () => divide(view().divider - 0.02),
      "]": () => divide(view().divider + 0.02), Enter: act, " ": act,
    }[event.key];
    if (!work || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    work();
    read(middle());
    changed();
  });
}
