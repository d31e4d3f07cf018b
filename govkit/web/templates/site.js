"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const most = 200;
  const at = id => document.getElementById(id);
  const made = (name, text) => {
    const element = document.createElement(name);
    element.textContent = text;
    return element;
  };
  const linked = (text, href) => {
    const element = made("a", text);
    element.setAttribute("href", href);
    return element;
  };
  const words = text => text.toLowerCase().split(/\s+/).filter(Boolean);
  const told = (count, shown) => count > shown ? `${count} found, the first ${shown} are shown` : `${count} found`;

  const search = () => {
    const asked = words(at("query").value);
    const hits = asked.length ? data.entries.filter(([label, , more]) => {
      const text = `${label} ${more}`.toLowerCase();
      return asked.every(word => text.includes(word));
    }) : [];
    at("found").textContent = asked.length ? told(hits.length, most) : "";
    at("hits").replaceChildren(...hits.slice(0, most).map(([label, href, more]) => {
      const item = document.createElement("li");
      item.append(linked(label, href), " ", made("small", more));
      return item;
    }));
  };

  const keys = {actor: 2, subject: 3, type: 4, status: 5};
  const row = event => {
    const [index, time, actor, subject, type, status, text, reason] = event;
    const line = document.createElement("tr");
    const head = document.createElement("th");
    const part = Math.floor(index / data.part) + 1;
    head.scope = "row";
    head.append(linked(String(index), `${part === data.parts ? "" : `log-${part}.html`}#e${index}`));
    const what = made("td", `${text} `);
    what.append(made("small", type));
    const judged = document.createElement("td");
    const sign = at("signs").content.querySelector(`[data-status="${CSS.escape(status)}"]`);
    judged.append(sign ? sign.cloneNode(true) : status);
    line.append(head, made("td", time), made("td", actor), made("td", subject), what, judged, made("td", reason));
    return line;
  };
  const filter = () => {
    const chosen = [...document.querySelectorAll("#filters select")].filter(each => each.value);
    const from = at("f-from").value, to = at("f-to").value, asked = words(at("f-text").value);
    const active = chosen.length > 0 || from !== "" || to !== "" || asked.length > 0;
    const hits = active ? data.events.filter(event => {
      const day = event[1].slice(0, 10);
      const text = `${event[0]} ${event.slice(2).join(" ")}`.toLowerCase();
      return chosen.every(each => event[keys[each.dataset.key]] === each.value)
        && (!from || day >= from) && (!to || (day !== "" && day <= to)) && asked.every(word => text.includes(word));
    }) : [];
    at("matches").hidden = !active;
    at("all").hidden = active;
    at("found").textContent = active ? told(hits.length, most) : "";
    at("matches").querySelector("tbody").replaceChildren(...hits.slice(0, most).map(row));
  };

  if (data.entries) {
    at("search").hidden = false;
    at("query").addEventListener("input", search);
    search();
  }
  if (data.events) {
    const form = at("filters");
    form.hidden = false;
    form.addEventListener("input", filter);
    form.addEventListener("submit", event => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(filter));
    // A link to an event must show it, whatever is chosen.
    addEventListener("hashchange", () => {
      form.reset();
      setTimeout(() => at(location.hash.slice(1))?.scrollIntoView());
    });
    filter();
  }
})();
