// Filters, sorts and points at what the pages already hold. Without it everything is shown.
(function () {
  "use strict";
  var all = function (selector, root) {
    return Array.prototype.slice.call((root || document).querySelectorAll(selector));
  };

  // Overview: find, owner and state.
  var form = document.getElementById("filter");
  if (form) {
    var rows = all("table.series tbody tr");
    var rest = document.getElementById("rest");
    var find = document.getElementById("find");
    var owner = document.getElementById("owner");
    var shown = document.getElementById("shown");
    var filter = function () {
      var words = find.value.toLowerCase().split(/\s+/);
      var states = {};
      var count = 0;
      all("input[name=state]", form).forEach(function (box) { states[box.value] = box.checked; });
      rows.forEach(function (row) {
        var text = row.textContent.toLowerCase();
        var keep = states[row.querySelector(".state").classList[1]] !== false
          && (!owner || !owner.value || row.cells[9].textContent === owner.value)
          && words.every(function (word) { return text.indexOf(word) >= 0; });
        row.hidden = !keep;
        if (keep) count += 1;
      });
      if (rest && find.value) rest.open = true;
      shown.textContent = count === rows.length ? "" : count + " of " + rows.length + " shown";
    };
    form.addEventListener("input", filter);
    form.hidden = false;
    filter();
  }

  // Tables come in order of urgency; a click on a heading sorts by it, a third one goes back.
  // Columns of mixed units (now, budget) and pictures have no order.
  var sortable = { 0: "text", 1: "text", 4: "number", 5: "percent", 6: "number", 8: "percent", 9: "text" };
  function number(text, kind) {
    var times = /×([\d.,]+)/.exec(text);
    if (times) return (parseFloat(times[1].replace(/,/g, "")) - 1) * 100;
    var found = (kind === "percent" ? /([−+]?[\d,.]+) %/ : /([−+]?[\d,.]+)/).exec(text);
    return found ? parseFloat(found[1].replace("−", "-").replace(/,/g, "")) : null;
  }
  all("table.series").forEach(function (table) {
    var body = table.tBodies[0];
    var rows = Array.prototype.slice.call(body.rows);
    var heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
    var by = -1;
    var sign = 0;
    heads.forEach(function (head, cell) {
      var kind = sortable[cell];
      if (!kind) return;
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", function () {
        sign = by !== cell ? 1 : [1, -1, 0][[0, 1, -1].indexOf(sign)];
        by = cell;
        var order = rows.slice();
        if (sign) {
          order.sort(function (a, b) {
            var x = a.cells[cell].textContent, y = b.cells[cell].textContent;
            if (kind === "text") return sign * x.localeCompare(y);
            var m = number(x, kind), n = number(y, kind);
            if (m === null || n === null) return (m === null) - (n === null);
            return sign * (m - n);
          });
        }
        order.forEach(function (row) { body.appendChild(row); });
        heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
        if (sign) head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      });
    });
  });

  // Series: a cursor over the points by mouse, finger and keys, zoom by dragging, and a link to
  // both: #commit=9f3c2ab&zoom=120,180.
  var figure = document.querySelector("figure[data-points]");
  if (!figure) return;
  var chart = figure.querySelector(".chart");
  var plot = chart.querySelector("svg");
  var cursor = plot.querySelector(".cursor");
  var select = plot.querySelector(".select");
  var control = figure.querySelector("div.cursor");
  var slider = control.querySelector("input");
  var output = control.querySelector("output");
  var whole = control.querySelector("button");
  var first = +chart.getAttribute("data-first");
  var width = +chart.getAttribute("data-width");
  var WIDE = 2000;
  var view = [0, WIDE];
  var commits = null, points = null, wanted = null, asked = false, linked = "";
  var moving = all("text.label, text.extra", chart).map(function (text) {
    return [text, parseFloat(text.getAttribute("x"))];
  });

  window.plimsoll = function (kind, data) {
    if (kind === "commits") commits = data; else points = data;
    if (commits && points) {
      slider.max = points.length - 1;
      if (wanted) { var act = wanted; wanted = null; act(); }
    }
  };
  function ready(act) {
    if (commits && points) return act();
    wanted = act;
    if (asked) return;
    asked = true;
    ["data-commits", "data-points"].forEach(function (name) {
      var script = document.createElement("script");
      script.src = figure.getAttribute(name);
      document.head.appendChild(script);
    });
  }
  function place(point) { return (point[0] - first) / width * WIDE; }

  function zoom(from, to) {
    view = to - from < 4 ? [0, WIDE] : [Math.max(0, from), Math.min(WIDE, to)];
    var box = plot.getAttribute("viewBox").split(" ");
    plot.setAttribute("viewBox", [view[0], box[1], view[1] - view[0], box[3]].join(" "));
    moving.forEach(function (pair) {
      var x = (pair[1] / 100 * WIDE - view[0]) / (view[1] - view[0]) * 100;
      pair[0].setAttribute("x", x + "%");
      pair[0].setAttribute("visibility", x < -0.1 || x > 100.1 ? "hidden" : "visible");
    });
    whole.hidden = view[0] === 0 && view[1] === WIDE;
  }
  function link() {
    var commit = commits[points[+slider.value][0]];
    linked = "#commit=" + encodeURIComponent(commit[0])
      + (whole.hidden ? "" : "&zoom=" + Math.round(view[0]) + "," + Math.round(view[1]));
    window.location.replace(linked);
  }
  function show(index) {
    slider.value = index;
    var point = points[+slider.value];
    var commit = commits[point[0]];
    cursor.setAttribute("transform", "translate(" + place(point) + ")");
    cursor.setAttribute("visibility", "visible");
    output.textContent = commit[0] + " " + commit[2] + " · " + commit[3] + ", " + commit[1] + " · "
      + point[1] + (point[3] ? " (" + point[3] + ")" : "") + (point[2] ? " · level " + point[2] : "");
    slider.setAttribute("aria-valuetext", output.textContent);
  }
  function nearest(x) {
    var low = 0, high = points.length - 1;
    while (high - low > 1) {
      var middle = (low + high) >> 1;
      if (place(points[middle]) < x) low = middle; else high = middle;
    }
    return x - place(points[low]) <= place(points[high]) - x ? low : high;
  }
  function units(event) {
    var box = plot.getBoundingClientRect();
    return view[0] + (event.clientX - box.left) / box.width * (view[1] - view[0]);
  }

  var start = null;
  chart.addEventListener("pointermove", function (event) {
    var x = units(event);
    ready(function () { show(nearest(x)); });
    if (start !== null) {
      select.setAttribute("visibility", "visible");
      select.setAttribute("d", "M" + start + " 0H" + x + "V800H" + start + "z");
    }
  });
  chart.addEventListener("pointerdown", function (event) {
    if (event.pointerType === "mouse" && event.button === 0) {
      start = units(event);
      event.preventDefault();
    }
  });
  window.addEventListener("pointerup", function (event) {
    select.setAttribute("visibility", "hidden");
    if (start === null) return;
    var x = units(event);
    if (Math.abs(x - start) > (view[1] - view[0]) / 100) zoom(Math.min(start, x), Math.max(start, x));
    start = null;
    ready(link);
  });
  chart.addEventListener("dblclick", function () { zoom(0, WIDE); ready(link); });
  whole.addEventListener("click", function () { zoom(0, WIDE); ready(link); });
  slider.addEventListener("input", function () {
    ready(function () { show(slider.value); link(); });
  });

  function follow() {
    if (window.location.hash === linked) return;
    var commit = /[#&]commit=([^&]+)/.exec(window.location.hash);
    var part = /[#&]zoom=(\d+),(\d+)/.exec(window.location.hash);
    if (part) zoom(+part[1], +part[2]);
    if (commit) {
      ready(function () {
        var id = decodeURIComponent(commit[1]).slice(0, 7);
        points.forEach(function (point, index) { if (commits[point[0]][0] === id) show(index); });
      });
    }
  }
  window.addEventListener("hashchange", follow);
  chart.classList.add("live");
  control.hidden = false;
  follow();
})();
