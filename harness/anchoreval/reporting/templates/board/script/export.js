// The table as it is filtered, sorted and laid out, as CSV (RFC 4180); figures with more digits than are shown.

// Text that a spreadsheet would take for a formula is given an apostrophe first.
function csvField(value) {
  if (!isKnown(value)) return "";
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) && Number.isNaN(Number(value)) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csv() {
  const fields = visible().flatMap((column) => column.fields);
  const lines = wantedModels().map((i) => fields.map(([, value]) => csvField(value(i))));
  return [fields.map(([name]) => csvField(name)), ...lines].map((line) => line.join(",")).join("\r\n") + "\r\n";
}

function startExport() {
  byId("export").addEventListener("click", () => {
    const address = URL.createObjectURL(new Blob(["\ufeff", csv()], { type: "text/csv;charset=utf-8" }));
    element("a", { href: address, download: "leaderboard.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  });
}

