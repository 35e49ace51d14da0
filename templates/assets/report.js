// Filters, sorts and points at what the pages already hold. Without it everything is shown.
(function () {
  "use strict";
  var all = function (selector, root) {
    return Array.prototype.slice.call((root || document).querySelectorAll(selector));
  };

  // Overview: find, owner, tag and state.
  var form = document.getElementById("filter");
  if (form) {
    var rows = all("table.series tbody tr");
    var rest = document.getElementById("rest");
    var find = document.getElementById("find");
    var owner = document.getElementById("owner");
    var tag = document.getElementById("tag");
    var shown = document.getElementById("shown");
    var has = function (row, tag) {
      var under = row.cells[1].querySelector("small");
      return under && under.textContent.split(", ").indexOf(tag) >= 0;
    };
    var filter = function () {
      var words = find.value.toLowerCase().split(/\s+/);
      var states = {};
      var count = 0;
      all("input[name=state]", form).forEach(function (box) { states[box.value] = box.checked; });
      rows.forEach(function (row) {
        var text = row.textContent.toLowerCase();
        var keep = states[row.querySelector(".state").classList[1]] !== false
          && (!owner || !owner.value || row.cells[9].textContent === owner.value)
          && (!tag || !tag.value || has(row, tag.value))
          && words.every(function (word) { return text.indexOf(word) >= 0; });
        row.hidden = !keep;
        if (keep) count += 1;
      });
      if (rest && find.value) rest.open = true;
      shown.textContent = count === rows.length ? "" : count + " of " + rows.length + " shown";
    };
    form.addEventListener("input", filter);
    form.hidden = false;
    // A browser that comes back to the page keeps what was chosen.
    if (find.value || (owner && owner.value) || (tag && tag.value)
      || all("input[name=state]", form).some(function (box) { return !box.checked; })) filter();
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

  // Data lies in scripts, since pages on a disk may not read files: each calls this once.
  var got = {}, wanted = null, asked = false;
  window.plimsoll = function (kind, data) {
    got[kind] = data;
    proceed();
  };
  function proceed() {
    if (!wanted || !wanted.kinds.every(function (kind) { return got[kind]; })) return;
    var act = wanted.act;
    wanted = null;
    act();
  }
  function ready(from, kinds, act) {
    wanted = { kinds: kinds, act: act };
    if (!asked) {
      asked = true;
      kinds.forEach(function (kind) {
        var script = document.createElement("script");
        script.src = from.getAttribute("data-" + kind);
        document.head.appendChild(script);
      });
    }
    proceed();
  }

  // Comparison: the levels of all series at any two commits, linked to as #base..head.
  var picker = document.getElementById("compare");
  if (picker) compare();
  function compare() {
    var body = document.querySelector("table.compare tbody");
    var said = document.getElementById("said");
    var more = document.getElementById("more");
    var apartList = document.getElementById("apart");
    function find(text) {
      text = text.trim();
      if (text === "HEAD" || text === picker.getAttribute("data-tip")) return got.commits.length - 1;
      all("option", picker).forEach(function (option) {
        if (option.textContent === text) text = option.value;
      });
      var place = -1;
      got.commits.forEach(function (commit, index) {
        if (text.length >= 4 && commit[0].indexOf(text.slice(0, 7)) === 0) place = index;
      });
      return place;
    }
    function at(series, commit) {
      var levels = series[1], last = levels[levels.length - 1];
      if (series[0] & 2 && last && last[1] + 10 < commit) return null;
      for (var i = levels.length - 1; i >= 0; i -= 1) if (levels[i][0] <= commit) return levels[i];
      return null;
    }
    function effect(r) {
      if (!isFinite(r)) return "—";
      if (r >= 1) return "×" + (1 + r).toFixed(r < 8.95 ? 1 : 0);
      var size = Math.abs(r * 100);
      size = size.toFixed(size < 0.995 ? 2 : 1);
      return (+size ? (r < 0 ? "−" : "+") + size : "0.0") + " %";
    }
    function cell(row, text, kind) {
      var made = row.appendChild(document.createElement(kind || "td"));
      made.textContent = text;
      if (!kind) made.className = "n";
      return made;
    }
    function show(names) {
      var base = find(names[0]), head = find(names[1]);
      var wide = document.querySelector(".wide");
      ["base", "head"].forEach(function (end, i) {
        var place = i ? head : base;
        var name = place < 0 ? names[i] : got.commits[place][0];
        document.getElementById(end).textContent = picker.elements[end].value = name;
      });
      if (more) more.hidden = true;
      if (base < 0 || head < 0) {
        said.textContent = "No commit of this history is called " + names[base < 0 ? 0 : 1]
          + ": use a release, at least four letters of a commit id, or " + (picker.getAttribute("data-tip") || "HEAD") + ".";
        document.getElementById("between").textContent = "";
        wide.hidden = apartList.hidden = true;
        return;
      }
      var changed = [], same = 0, apart = [];
      got.levels.forEach(function (series) {
        var a = at(series[3], base), b = at(series[3], head);
        var why = !series[3][1].length ? "too few results for a level"
          : !a ? (b ? "no result at the first" : "no result at either") : !b ? "no result at the second"
          : a[4] !== b[4] ? "another machine" : "";
        if (!why && a[0] !== b[0]) {
          var r = b[2] / a[2] - 1;
          changed.push([series[3][0] & 1 ? -r : r, series, a, b, r]);
        } else if (!why && series[3][0] & 4) why = "too noisy to tell";
        else if (!why) same += 1;
        if (why) apart.push([series, why]);
      });
      function named(parent, series) {
        var link = parent.appendChild(document.createElement("a"));
        link.href = "s/" + series[2] + ".html";
        link.textContent = series[0];
        if (series[1]) parent.appendChild(document.createElement("small")).textContent = " " + series[1];
      }
      changed.sort(function (x, y) { return y[0] - x[0]; });
      body.textContent = "";
      changed.slice(0, 2000).forEach(function (found) {
        var row = document.createElement("tr");
        var name = cell(row, "", "th");
        name.scope = "row";
        named(name, found[1]);
        cell(row, found[2][3]);
        cell(row, found[3][3]);
        cell(row, effect(found[4]));
        var tag = row.appendChild(document.createElement("td")).appendChild(document.createElement("span"));
        tag.className = "tag " + (found[0] > 0 ? "worse" : found[0] < 0 ? "improved" : "accepted");
        tag.textContent = found[0] > 0 ? "worse" : found[0] < 0 ? "better" : "same";
        body.appendChild(row);
      });
      wide.hidden = !changed.length;
      var list = apartList.querySelector("ul");
      list.textContent = "";
      apart.slice(0, 2000).forEach(function (found) {
        var item = list.appendChild(document.createElement("li"));
        named(item, found[0]);
        item.appendChild(document.createTextNode(": " + found[1]));
      });
      apartList.hidden = !apart.length;
      said.textContent = (changed.length ? changed.length + " series changed; " + same + " did not"
        : "No level changed in " + same + " series") + (apart.length ? ", and " + apart.length + " cannot be compared" : "") + ".";
      document.getElementById("between").textContent = got.commits[base][1] + " → " + got.commits[head][1];
    }
    function follow() {
      var names = /^#(.+?)\.\.(.+)$/.exec(window.location.hash);
      if (names) ready(picker, ["commits", "levels"], function () { show([names[1], names[2]].map(decodeURIComponent)); });
    }
    picker.addEventListener("submit", function (event) {
      event.preventDefault();
      var hash = "#" + encodeURIComponent(picker.elements.base.value.trim()) + ".." + encodeURIComponent(picker.elements.head.value.trim());
      if (hash === window.location.hash) follow(); else window.location.hash = hash;
    });
    window.addEventListener("hashchange", follow);
    picker.hidden = false;
    follow();
  }

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
  var commits = null, points = null, linked = "";
  var moving = all("text.label, text.extra", chart).map(function (text) {
    return [text, parseFloat(text.getAttribute("x"))];
  });

  function loaded(act) {
    ready(figure, ["commits", "points"], function () {
      commits = got.commits;
      var data = got.points, commit = 0, level = 0;
      var turn = function (turns, index) {
        var value = "";
        turns.some(function (one) { if (one[0] > index) return true; value = one[1]; return false; });
        return value;
      };
      points = data.values.split(" ").map(function (value, index) {
        commit += data.commits[index];
        while (level + 1 < data.levels.length && data.levels[level + 1][0] <= index) level += 1;
        var shown = data.levels[level] && data.levels[level][0] <= index ? data.levels[level][1] : "";
        return [commit, value + (data.unit ? " " + data.unit : ""), shown, data.runs[index] || "",
          turn(data.samples, index), turn(data.machines, index)];
      });
      slider.max = points.length - 1;
      act();
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
    loaded(function () { show(nearest(x)); });
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
    loaded(link);
  });
  chart.addEventListener("dblclick", function () { zoom(0, WIDE); loaded(link); });
  whole.addEventListener("click", function () { zoom(0, WIDE); loaded(link); });
  slider.addEventListener("input", function () {
    loaded(function () { show(slider.value); link(); });
  });

  // The table of runs holds the newest; the rest is in the data of the chart.
  var every = document.getElementById("all");
  if (every) {
    every.hidden = false;
    every.addEventListener("click", function () {
      loaded(function () {
        var body = document.querySelector("table.runs tbody");
        var wide = body.rows[0].cells.length;
        points.slice(0, points.length - body.rows.length).reverse().forEach(function (point) {
          var row = body.insertRow(), commit = commits[point[0]];
          [commit[0], commit[1], commit[2], point[1], point[2], point[3] || "1", point[4].toLocaleString("en"), point[5]]
            .slice(0, wide).forEach(function (text) { row.insertCell().textContent = text; });
        });
        document.querySelector("#runs h2").textContent = "Every run";
        every.hidden = true;
      });
    });
  }

  function follow() {
    if (window.location.hash === linked) return;
    var commit = /[#&]commit=([^&]+)/.exec(window.location.hash);
    var part = /[#&]zoom=(\d+),(\d+)/.exec(window.location.hash);
    if (part) zoom(+part[1], +part[2]);
    if (commit) {
      loaded(function () {
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
