// Filters and sorts what the page already holds. Without it everything is shown.
(function () {
  "use strict";
  var form = document.getElementById("filter");
  var table = document.getElementById("series");
  if (!table || !table.tBodies.length) return;
  var body = table.tBodies[0];
  var rows = Array.prototype.slice.call(body.rows);

  function number(text) {
    var found = /[−-]?[\d,]+(\.\d+)?/.exec(text);
    return found ? parseFloat(found[0].replace("−", "-").replace(/,/g, "")) : null;
  }

  if (form) {
    var find = document.getElementById("find");
    var owner = document.getElementById("owner");
    var shown = document.getElementById("shown");
    var boxes = form.querySelectorAll("input[name=state]");
    var filter = function () {
      var words = find.value.toLowerCase().split(/\s+/);
      var states = {};
      boxes.forEach(function (box) { states[box.value] = box.checked; });
      var count = 0;
      rows.forEach(function (row) {
        var text = row.textContent.toLowerCase();
        var state = row.querySelector(".state").classList[1];
        var keep = states[state] !== false
          && (!owner || !owner.value || row.cells[9].textContent === owner.value)
          && words.every(function (word) { return text.indexOf(word) >= 0; });
        row.hidden = !keep;
        if (keep) count += 1;
      });
      shown.textContent = count === rows.length ? "" : count + " of " + rows.length + " shown";
    };
    form.addEventListener("input", filter);
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    form.hidden = false;
    filter();
  }

  // The order of the page is urgency; a click on a heading sorts by it, a third one goes back.
  var sorted = { cell: -1, sign: 0 };
  Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, cell) {
    if (cell === 7) return;
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.textContent = "";
    head.appendChild(button);
    button.addEventListener("click", function () {
      sorted.sign = sorted.cell !== cell ? 1 : sorted.sign === 1 ? -1 : sorted.sign === -1 ? 0 : 1;
      sorted.cell = cell;
      var order = rows.slice();
      if (sorted.sign) {
        order.sort(function (a, b) {
          var x = a.cells[cell].textContent, y = b.cells[cell].textContent;
          var m = number(x), n = number(y);
          if (cell > 1 && cell < 9 && (m !== null || n !== null)) {
            if (m === null) return 1;
            if (n === null) return -1;
            return sorted.sign * (m - n);
          }
          return sorted.sign * x.localeCompare(y);
        });
      }
      order.forEach(function (row) { body.appendChild(row); });
      Array.prototype.forEach.call(table.tHead.rows[0].cells, function (other) {
        other.removeAttribute("aria-sort");
      });
      if (sorted.sign) head.setAttribute("aria-sort", sorted.sign > 0 ? "ascending" : "descending");
    });
  });
})();
