"use strict";
(() => {
  const compare = new Intl.Collator("en", {numeric: true, sensitivity: "base"}).compare;
  for (const table of document.querySelectorAll("table.sorts")) {
    const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
    const sort = column => {
      const down = heads[column].getAttribute("aria-sort") === "ascending";
      const lines = [...body.rows].sort((one, other) => {
        const [a, b] = [one, other].map(line => line.cells[column].textContent.trim());
        return (down ? -1 : 1) * compare(a, b);
      });
      heads.forEach(head => head.removeAttribute("aria-sort"));
      heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
      body.replaceChildren(...lines);
    };
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.addEventListener("click", () => sort(column));
      head.replaceChildren(button);
    });
  }
})();
