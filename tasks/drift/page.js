"use strict";
(function () {
  var list = document.getElementById("list");
  var hosts = Array.prototype.slice.call(list.children);
  var byId = {};
  hosts.forEach(function (host) { byId[host.dataset.id] = { host: host, rows: [] }; });
  document.querySelectorAll("[data-h]").forEach(function (row) {
    if (byId[row.dataset.h]) { byId[row.dataset.h].rows.push(row); }
  });
  var search = document.getElementById("search");
  var group = document.getElementById("group");
  var sort = document.getElementById("sort");
  var differing = document.getElementById("differing");
  var silent = document.getElementById("silent");
  var shown = document.getElementById("shown");
  var all = document.getElementById("all");
  var counts = Array.prototype.slice.call(document.querySelectorAll("button[data-verdict]"));

  function pressed() {
    return counts.filter(function (b) { return b.getAttribute("aria-pressed") === "true"; })
      .map(function (b) { return b.dataset.verdict; });
  }

  function filter() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    var verdicts = pressed();
    var seen = 0;
    hosts.forEach(function (host) {
      var said = host.dataset;
      var keep = words.every(function (word) { return said.words.indexOf(word) >= 0; }) &&
        (!verdicts.length || verdicts.indexOf(said.verdict) >= 0) &&
        (!group.value || said.group === group.value) &&
        (!differing.checked || said.differs !== "0") && (!silent.checked || said.silent === "1");
      host.hidden = !keep;
      byId[said.id].rows.forEach(function (row) { row.hidden = !keep; });
      if (keep) { seen += 1; }
    });
    document.querySelectorAll(".group").forEach(function (one) {
      one.hidden = !one.querySelector("tbody tr:not([hidden])");
    });
    var by = [];
    if (words.length) { by.push("the search"); }
    if (verdicts.length) { by.push("verdict " + verdicts.join(", ")); }
    if (group.value) { by.push("the group"); }
    if (differing.checked) { by.push("only those that differ"); }
    if (silent.checked) { by.push("only those that no longer answer"); }
    var left = hosts.length - seen;
    shown.textContent = seen + " of " + hosts.length + " hosts shown, " + left + " hidden" +
      (by.length ? " by " + by.join(" and ") : "") + ".";
    all.hidden = !by.length;
  }

  var orders = {
    id: function (a, b) { return a.dataset.id - b.dataset.id; },
    name: function (a, b) {
      return a.dataset.name.localeCompare(b.dataset.name, undefined, { numeric: true });
    },
    differs: function (a, b) { return b.dataset.differs - a.dataset.differs || orders.id(a, b); },
    age: function (a, b) { return b.dataset.age - a.dataset.age || orders.id(a, b); }
  };

  function order() {
    var piece = document.createDocumentFragment();
    hosts.slice().sort(orders[sort.value]).forEach(function (host) { piece.appendChild(host); });
    list.appendChild(piece);
    document.getElementById("hosts-title").textContent =
      "Hosts, " + (sort.value === "id" ? "worst first" : "by " + sort.selectedOptions[0].text);
  }

  function to(id) {
    var host = id && document.getElementById(id);
    if (!host || !host.classList.contains("host")) { return; }
    if (host.hidden) { reset(); }
    host.open = true;
    host.scrollIntoView();
    host.querySelector("summary").focus();
  }

  function reset() {
    search.value = group.value = "";
    differing.checked = silent.checked = false;
    counts.forEach(function (b) { b.setAttribute("aria-pressed", "false"); });
    filter();
  }

  counts.forEach(function (button) {
    button.addEventListener("click", function () {
      button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
      filter();
    });
  });
  search.addEventListener("input", filter);
  [group, differing, silent].forEach(function (one) { one.addEventListener("change", filter); });
  sort.addEventListener("change", order);
  all.addEventListener("click", function () { reset(); search.focus(); });
  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[href^='#h']");
    if (link) { to(link.getAttribute("href").slice(1)); event.preventDefault(); }
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "/" && !/INPUT|SELECT/.test(document.activeElement.tagName)) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && document.activeElement === search) {
      reset();
    }
  });
  window.addEventListener("beforeprint", function () {
    hosts.forEach(function (host) {
      if (host.dataset.verdict !== "OK" || host.dataset.differs !== "0") { host.open = true; }
    });
  });
  filter();  // a browser may have kept what the fields hold
  order();
  to(location.hash.slice(1));
})();
