function e() {
  return "the details, fetched late";
}
export {
  e as details
};
