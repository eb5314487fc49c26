const n = (t) => `Hello, ${t}`;
function e(t, a) {
  return t.textContent = n(a.name ?? "harbour"), t.addEventListener("click", async () => {
    t.append((await import("./details-DE4WA6nL.js")).details());
  }), { update(o) {
    t.textContent = n(o.name);
  }, unmount() {
    t.textContent = "";
  } };
}
const i = { mount: e };
export {
  i as default,
  e as mount
};
