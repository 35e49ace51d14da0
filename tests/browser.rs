//! The HTML report in a real browser. Needs Chromium and chromedriver; fails without them.
#![cfg(feature = "ci-proofs")]
#![allow(clippy::unwrap_used, reason = "a test helper")]

mod browser_support;
mod report_support;

use browser_support::{Browser, Folder, from_npm};
use plimsoll::report::view::{ReportView, State};
use report_support::{HOSTILE, excursion, hostile, project};
use serde_json::{Value, json};

#[test]
fn pages_load_from_disk_without_a_word_on_the_console_or_a_request() {
    let folder = Folder::new(&project());
    let browser = Browser::start();
    for page in folder.pages() {
        browser.open(&folder.page(&page));
        assert_eq!(browser.console(), Vec::<String>::new(), "{page}");
        let requests = browser.requests();
        assert!(
            requests.iter().any(|url| url.ends_with(&page)),
            "{page}: {requests:?}"
        );
        if page == "single.html" {
            let loaded = requests.iter().filter(|url| url.starts_with("file:"));
            assert_eq!(loaded.count(), 1, "one file is enough: {requests:?}");
        }
        for url in requests {
            assert!(
                url.starts_with("file://") || url.starts_with("data:"),
                "{page} asks for {url}"
            );
        }
        let styled = browser.run("return getComputedStyle(document.body).maxWidth");
        assert_eq!(styled, "1440px", "{page} is styled");
    }
}

#[test]
fn pages_work_over_http_under_their_own_policy() {
    let folder = Folder::new(&project());
    let root = folder.serve();
    let browser = Browser::start();
    for page in [
        "index.html",
        "s/checkout-latency-p95-2.html",
        "f/checkout.html",
    ] {
        browser.open(&format!("{root}{page}"));
        assert_eq!(browser.console(), Vec::<String>::new(), "{page}");
        for url in browser.requests() {
            assert!(
                url.starts_with(&root) || url.starts_with("data:"),
                "{page} asks for {url}"
            );
        }
    }
    // The policy is in force: what no template writes does not run.
    let ran = browser.run(
        "const s = document.createElement('script'); s.textContent = 'window.ran = true';
         document.body.append(s); return window.ran === true",
    );
    assert_eq!(ran, false);
}

#[test]
fn everything_is_there_without_javascript() {
    let folder = Folder::new(&project());
    let browser = Browser::start();
    browser.width(1280);
    browser.cdp(
        "Emulation.setScriptExecutionDisabled",
        json!({"value": true}),
    );
    browser.open(&folder.page("index.html"));
    let seen = browser.run(
        "const rows = [...document.querySelectorAll('table.series tbody tr')];
         return {
           visible: rows.filter(r => r.checkVisibility()).length,
           filter: document.getElementById('filter').getBoundingClientRect().height,
           text: document.body.innerText,
         }",
    );
    assert_eq!(
        seen["visible"], 8,
        "series without a budget are folded away"
    );
    assert_eq!(
        seen["filter"], 0,
        "controls that would do nothing are hidden"
    );
    for words in ["612 ms", "102 %", "+159 ms (+75.0\u{a0}%)", "~26 d (17–48)"] {
        assert!(
            seen["text"].as_str().unwrap().contains(words),
            "{words}: {seen}"
        );
    }
    browser.open(&folder.page("s/checkout-latency-p95-2.html"));
    let boxes = browser.run(
        "const size = name => {
           const box = document.querySelector('.chart path.' + name).getBoundingClientRect();
           return [Math.round(box.width), Math.round(box.height)];
         };
         return {level: size('level'), budget: size('budget'), run: size('run'), fan: size('fan'),
                 rows: document.querySelectorAll('.ledger tbody tr').length}",
    );
    let size = |name: &str, side: usize| boxes[name][side].as_i64().unwrap();
    assert!(size("level", 0) > 600 && size("level", 1) > 100, "{boxes}");
    assert!(size("budget", 0) > 800, "{boxes}");
    assert!(size("run", 0) > 600, "{boxes}");
    assert!(size("fan", 0) > 100, "{boxes}");
    assert_eq!(boxes["rows"], 10);
}

#[test]
fn a_phone_never_scrolls_sideways() {
    let folder = Folder::new(&project());
    let browser = Browser::start();
    browser.width(390);
    for page in folder.pages() {
        browser.open(&folder.page(&page));
        let widths = browser.run(
            "return [document.documentElement.scrollWidth, window.innerWidth,
               ...[...document.querySelectorAll('.wide')].map(e => e.scrollWidth - e.clientWidth)]",
        );
        let widths: Vec<i64> = serde_json::from_value(widths).unwrap();
        assert!(widths[0] <= 390 && widths[1] <= 390, "{page}: {widths:?}");
        assert!(
            widths[2..].iter().all(|over| *over <= 0),
            "{page}: a table scrolls: {widths:?}"
        );
    }
}

#[test]
fn a_name_without_end_fits_a_phone() {
    let mut view = project();
    let long = "x".repeat(400);
    view.project = long.clone();
    view.branch = long.clone();
    for series in &mut view.series {
        series.key.benchmark = long.clone();
        series.key.metric = long.clone();
        series.sentence = long.clone();
        series.machines = vec![long.clone(), long.clone()];
        series.key.tags.insert(long.clone(), long.clone());
        series.excursions = vec![excursion()];
    }
    for feature in &mut view.features {
        (feature.owner, feature.file) = (long.clone(), long.clone());
        feature.journey = Some(long.clone());
    }
    for commit in &mut view.commits {
        (commit.subject, commit.author) = (long.clone(), long.clone());
        commit.tags.iter_mut().for_each(|tag| *tag = long.clone());
    }
    view.unmatched = vec![format!("{long}/{long}")];
    let folder = Folder::new(&view);
    let browser = Browser::start();
    browser.width(390);
    for page in folder.pages() {
        browser.open(&folder.page(&page));
        let width = browser.run("return document.documentElement.scrollWidth");
        assert!(width.as_i64().unwrap() <= 390, "{page}: {width}");
    }
}

/// Contrast of text against its own or inherited background, WCAG 2.2, least of all texts.
const CONTRAST: &str = "
    const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
    const light = c => { const [r, g, b] = c.map(v => { v /= 255;
        return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const ground = e => { for (; e; e = e.parentElement) {
        const c = parse(getComputedStyle(e).backgroundColor); if (c[3] > 0) return c.slice(0, 3); }
        return [255, 255, 255]; };
    let least = [99, ''];
    for (const e of document.querySelectorAll('body *')) {
        const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
        if (!own || e.closest('svg') || !e.getClientRects().length) continue;
        const a = light(parse(getComputedStyle(e).color).slice(0, 3)), b = light(ground(e));
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < least[0]) least = [ratio, e.className + ': ' + e.textContent.trim().slice(0, 40)];
    }
    return least";

#[test]
fn light_and_dark_follow_the_reader_and_stay_legible() {
    let folder = Folder::new(&project());
    let browser = Browser::start();
    let mut levels = Vec::new();
    for (scheme, page_color) in [("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 23, 26)")] {
        browser.media("prefers-color-scheme", scheme);
        for page in [
            "index.html",
            "s/checkout-latency-p95-2.html",
            "f/search.html",
        ] {
            browser.open(&folder.page(page));
            let color = browser.run("return getComputedStyle(document.body).backgroundColor");
            assert_eq!(color, page_color, "{page}");
            let least = browser.run(CONTRAST);
            assert!(
                least[0].as_f64().unwrap() >= 4.5,
                "{scheme} {page}: {least}"
            );
        }
        levels.push(
            browser.run("return getComputedStyle(document.querySelector('.spark .level')).stroke"),
        );
    }
    assert_eq!(
        levels,
        [json!("rgb(0, 114, 178)"), json!("rgb(86, 180, 233)")]
    );
}

#[test]
fn forced_colours_keep_every_state_and_line() {
    let folder = Folder::new(&project());
    let browser = Browser::start();
    browser.media("forced-colors", "active");
    browser.open(&folder.page("s/checkout-latency-p95-2.html"));
    let seen = browser.run(
        "const style = s => getComputedStyle(document.querySelector(s));
         return [matchMedia('(forced-colors: active)').matches, style('.state').borderTopWidth,
                 style('.chart .level').stroke, style('body').backgroundColor]",
    );
    assert_eq!(seen[0], true);
    assert_eq!(seen[1], "1px");
    assert_ne!(seen[2], seen[3], "the level can be seen");
    for page in folder.pages() {
        browser.open(&folder.page(&page));
        let least = browser.run(CONTRAST);
        assert!(least[0].as_f64().unwrap() >= 4.5, "{page}: {least}");
        let bare = browser.run(
            "return [...document.querySelectorAll('.state, .tag')]
               .filter(e => getComputedStyle(e).borderTopWidth === '0px').length",
        );
        assert_eq!(bare, 0, "{page}: a state has a border instead of a fill");
        // What is used of a budget is thicker than what is left of it.
        let bars = browser.run(
            "return [...document.querySelectorAll('.bar')].filter(bar => {
               const width = name => { const path = bar.querySelector('.' + name);
                 return path ? parseFloat(getComputedStyle(path).strokeWidth) : null; };
               return width('room') !== null && width('used') !== null && width('used') <= width('room');
             }).length",
        );
        assert_eq!(bars, 0, "{page}");
    }
}

#[test]
fn the_overview_filters_and_sorts() {
    let mut view = project();
    for (series, tenant) in [(1, "big"), (8, "big"), (0, "small")] {
        let tags = &mut view.series[series].key.tags;
        tags.insert("tenant".to_owned(), tenant.to_owned());
    }
    let folder = Folder::new(&view);
    let browser = Browser::start();
    browser.open(&folder.page("index.html"));
    let visible =
        "return [...document.querySelectorAll('table.series tbody tr')].filter(r => !r.hidden)
        .map(r => r.cells[1].querySelector('a').textContent)";
    let type_in = |id: &str, text: &str| {
        browser.run(&format!(
            "const e = document.getElementById('{id}'); e.value = '{text}';
             e.dispatchEvent(new Event('input', {{bubbles: true}}))"
        ));
    };
    assert_eq!(browser.run(visible).as_array().unwrap().len(), 9);
    type_in("find", "CHECKOUT");
    assert_eq!(
        browser.run(visible),
        json!(["checkout latency.p95", "cart latency.p95"])
    );
    type_in("find", "");
    type_in("owner", "@identity");
    assert_eq!(browser.run(visible), json!(["login latency.p50"]));
    type_in("owner", "");
    type_in("tag", "tenant=big");
    assert_eq!(
        browser.run(visible),
        json!(["checkout latency.p95", "cart latency.p95"])
    );
    type_in("tag", "");
    browser.run("document.querySelector('input[value=broken]').click()");
    assert_eq!(browser.run(visible)[0], "checkout latency.p95");
    browser.run("document.querySelector('input[value=broken]').click()");
    browser.run("document.querySelector('table.series thead th:nth-child(2) button').click()");
    assert_eq!(browser.run(visible)[0], "cart latency.p95");
    browser.run("document.querySelector('table.series thead th:nth-child(2) button').click()");
    assert_eq!(browser.run(visible)[0], "upload time");
    browser.run("document.querySelector('table.series thead th:nth-child(2) button').click()");
    assert_eq!(
        browser.run(visible)[0],
        "search latency.p95",
        "back to urgency"
    );
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn a_point_can_be_found_by_keys_and_mouse_and_linked_to() {
    let folder = Folder::new(&project());
    let browser = Browser::start();
    browser.width(1280);
    let page = folder.page("s/checkout-latency-p95-2.html");
    browser.open(&page);
    let wait = "const done = arguments[arguments.length - 1];
        const look = () => document.querySelector('div.cursor output').textContent
          ? done([document.querySelector('div.cursor output').textContent, location.hash,
                  document.querySelector('.chart svg').getAttribute('viewBox'),
                  document.querySelector('path.cursor').getAttribute('visibility')])
          : requestAnimationFrame(look);
        look()";
    // Keys: the slider is a native control.
    browser.run(
        "const s = document.querySelector('div.cursor input'); s.value = 95;
         s.dispatchEvent(new Event('input', {bubbles: true}))",
    );
    let by_keys = browser.wait(wait);
    let text = by_keys[0].as_str().unwrap();
    assert!(text.contains("· level 258 ms"), "{text}");
    let hash = by_keys[1].as_str().unwrap().to_owned();
    assert!(hash.starts_with("#commit="), "{hash}");
    assert_eq!(by_keys[3], "visible");

    // Mouse: hover, then drag to zoom.
    let at = |part: f64| {
        let mut place = browser.run(
            "const b = document.querySelector('.chart').getBoundingClientRect();
             return [b.left, b.top + b.height / 2, b.width]",
        );
        let number = |v: &Value| v.as_f64().unwrap();
        let x = number(&place[0]) + number(&place[2]) * part;
        (x, number(&place[1].take()))
    };
    let mouse = |kind: &str, (x, y): (f64, f64), buttons: u8| {
        browser.cdp(
            "Input.dispatchMouseEvent",
            json!({"type": kind, "x": x, "y": y, "button": "left", "buttons": buttons, "clickCount": 1}),
        );
    };
    mouse("mouseMoved", at(0.05), 0);
    let hovered = browser.wait(wait);
    assert!(
        hovered[0].as_str().unwrap().contains("· level 212 ms"),
        "{hovered}"
    );
    mouse("mousePressed", at(0.2), 1);
    mouse("mouseMoved", at(0.4), 1);
    mouse("mouseReleased", at(0.4), 0);
    let zoomed = browser.wait(wait);
    let link = zoomed[1].as_str().unwrap().to_owned();
    assert!(link.contains("&zoom="), "{link}");
    assert_ne!(zoomed[2], by_keys[2], "the view has changed");

    // The link leads back to the same view.
    browser.open("about:blank");
    browser.open(&format!("{page}{link}"));
    let again = browser.wait(wait);
    let start = |v: &Value| {
        let view = v[2].as_str().unwrap().split(' ').next().unwrap().to_owned();
        view.parse::<f64>().unwrap().round()
    };
    assert_eq!(again[0], zoomed[0]);
    assert!((start(&again) - start(&zoomed)).abs() < 0.5);
    assert_eq!(browser.console(), Vec::<String>::new());
    browser.run("document.querySelector('div.cursor button').click()");
    assert_eq!(
        browser.wait(wait)[2],
        by_keys[2],
        "everything is shown again"
    );
}

#[test]
fn every_run_can_be_shown() {
    let folder = Folder::new(&project());
    let browser = Browser::start();
    browser.open(&folder.page("s/index-build-time-6.html"));
    let rows = "return [document.querySelectorAll('table.runs tbody tr').length,
                        document.querySelector('#runs h2').textContent]";
    assert_eq!(browser.run(rows), json!([150, "The newest runs"]));
    browser.run("document.getElementById('all').click()");
    let shown = browser.wait(
        "const done = arguments[arguments.length - 1];
         const look = () => document.getElementById('all').hidden
           ? done([...document.querySelectorAll('table.runs tbody tr')]
               .map(r => [...r.cells].map(c => c.textContent))) : requestAnimationFrame(look);
         look()",
    );
    let shown: Vec<Vec<String>> = serde_json::from_value(shown).unwrap();
    assert_eq!(shown.len(), 200);
    // The first one that was added follows the last one of the page, in the same form.
    assert_eq!(shown[149].len(), shown[150].len());
    assert_eq!(shown[150][4], shown[149][4], "level");
    assert_eq!(shown[150][6], shown[149][6], "samples");
    assert_eq!((&*shown[0][7], &*shown[199][7]), ("2", "1"), "machines");
    assert!(
        shown[199].iter().all(|cell| !cell.is_empty()),
        "{:?}",
        shown[199]
    );
    assert_eq!(browser.run(rows), json!([200, "Every run"]));
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn any_two_commits_can_be_compared_and_linked_to() {
    let folder = Folder::new(&project());
    let browser = Browser::start();
    let page = folder.page("compare.html");
    let rows = "return [...document.querySelectorAll('table.compare tbody tr')]
        .map(r => [...r.cells].map(c => c.textContent.trim()))";
    // Without JavaScript: the newest release against the tip.
    browser.cdp(
        "Emulation.setScriptExecutionDisabled",
        json!({"value": true}),
    );
    browser.open(&page);
    let told = browser.run(rows);
    assert_eq!(
        told[1],
        json!(["search latency.p95", "571 ms", "612 ms", "+7.2 %", "worse"])
    );
    let form = "return document.getElementById('compare').getBoundingClientRect().height";
    assert_eq!(browser.run(form), 0);
    browser.cdp(
        "Emulation.setScriptExecutionDisabled",
        json!({"value": false}),
    );

    // By its form, with the name of a release.
    browser.open(&page);
    browser.run(
        "const f = document.getElementById('compare'); f.elements.base.value = 'v2.1';
         f.elements.head.value = 'v2.4'; f.querySelector('button').click()",
    );
    let settled = "const done = arguments[arguments.length - 1];
        const look = () => document.getElementById('between').textContent.startsWith('20')
          ? done([location.hash, document.getElementById('said').textContent,
                  [...document.querySelectorAll('table.compare tbody tr')]
                    .map(r => [...r.cells].map(c => c.textContent.trim()))])
          : requestAnimationFrame(look);
        look()";
    let by_form = browser.wait(settled);
    assert_eq!(by_form[0], "#v2.1..v2.4");
    let found = by_form[2].as_array().unwrap();
    let row = |name: &str| found.iter().find(|row| row[0] == name).unwrap().clone();
    assert_eq!(
        row("checkout latency.p95"),
        json!([
            "checkout latency.p95",
            "231 ms",
            "324 ms",
            "+40.3 %",
            "worse"
        ])
    );
    assert_eq!(
        row("cart latency.p95"),
        json!([
            "cart latency.p95",
            "88.0 ms",
            "74.0 ms",
            "−15.9 %",
            "better"
        ])
    );
    assert!(
        found.iter().all(|row| row[0] != "index build time"),
        "another machine: {by_form}"
    );

    // By a link with commits, as the overview writes it.
    browser.open(&folder.page("index.html"));
    let link = browser.run("return document.querySelector('#changed a[href*=compare]').href");
    browser.open("about:blank");
    browser.open(link.as_str().unwrap());
    let by_link = browser.wait(settled);
    assert!(
        by_link[2]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row[0] == "search latency.p95"),
        "{by_link}"
    );
    browser.open("about:blank");
    browser.open(&format!("{page}#nothing..v2.4"));
    let said = browser.wait(
        "const done = arguments[arguments.length - 1];
         const look = () => document.getElementById('said').textContent.startsWith('No commit')
           ? done(document.getElementById('said').textContent) : requestAnimationFrame(look);
         look()",
    );
    assert_eq!(
        said,
        "No commit of this history is called nothing: use a release, at least four letters of a \
         commit id, or main."
    );
    let shown = browser.run(
        "return [document.querySelector('.wide').checkVisibility(), document.querySelector('h1').textContent.trim(),
                 document.querySelector('#compare').elements.base.value]",
    );
    assert_eq!(shown[0], false, "no other pair stands below it");
    assert!(
        shown[1]
            .as_str()
            .unwrap()
            .starts_with("Compare nothing with "),
        "{shown}"
    );
    assert_eq!(shown[2], "nothing");
    // The branch is a name for its newest commit; what has no result there is not called unchanged.
    browser.open("about:blank");
    browser.open(&format!("{page}#v2.4..main"));
    let by_branch = browser.wait(settled);
    assert_eq!(
        by_branch[1],
        "2 series changed; 4 did not, and 3 cannot be compared."
    );
    let apart = browser.run("return document.getElementById('apart').textContent");
    assert!(
        apart
            .as_str()
            .unwrap()
            .contains("export/csv time: no result at the second"),
        "{apart}"
    );
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn charts_show_releases_machines_gaps_forecast_and_excursions() {
    let mut view = project();
    view.series[1].excursions = vec![excursion()];
    let folder = Folder::new(&view);
    let browser = Browser::start();
    browser.width(1280);
    let size = |names: &[&str]| {
        let sizes = browser.run(&format!(
            "return {names:?}.map(name => {{
               const path = document.querySelector('.chart path.' + name);
               if (!path) return 0;
               const box = path.getBoundingClientRect();
               return Math.round(Math.max(box.width, box.height)); }})"
        ));
        serde_json::from_value::<Vec<u32>>(sizes).unwrap()
    };
    let words =
        "return [...document.querySelectorAll('.chart text')].map(t => t.textContent).join(' ')";
    browser.open(&folder.page("s/checkout-latency-p95-2.html"));
    let drawn = size(&[
        "release", "range", "fan", "course", "brief", "budget", "machine",
    ]);
    assert!(drawn[..6].iter().all(|size| *size > 10), "{drawn:?}");
    assert_eq!(drawn[6], 0, "one machine");
    let said = browser.run(words);
    for word in ["v2.1", "if nothing changes", "budget 400 ms", "2026-11-20"] {
        assert!(said.as_str().unwrap().contains(word), "{word}: {said}");
    }
    browser.open(&folder.page("s/index-build-time-6.html"));
    assert!(size(&["machine", "better"]).iter().all(|size| *size > 10));
    assert!(browser.run(words).as_str().unwrap().contains("new machine"));
    browser.open(&folder.page("s/export-csv-time-4.html"));
    assert!(size(&["gap"])[0] > 10, "the end without data is shaded");
}

#[test]
fn a_long_list_has_pages_that_lead_to_each_other() {
    let folder = Folder::new(&many(1_200));
    let browser = Browser::start();
    browser.open(&folder.page("index.html"));
    browser.run("document.querySelector('.paging a').click()");
    let seen = browser.run(
        "return [document.querySelectorAll('table.series tbody tr').length,
                 document.querySelector('.paging b').textContent,
                 document.querySelector('.paging').textContent]",
    );
    assert_eq!(seen[0], 200);
    assert_eq!(seen[1], "2");
    assert!(
        seen[2]
            .as_str()
            .unwrap()
            .contains("Series 1,001 to 1,200 of 1,200"),
        "{seen}"
    );
    assert_eq!(browser.console(), Vec::<String>::new());
}

/// A project of many series.
fn many(count: usize) -> ReportView {
    let mut view = project();
    let some: Vec<_> = view
        .series
        .iter()
        .map(|series| {
            let mut series = series.clone();
            series
                .points
                .drain(..series.points.len().saturating_sub(12));
            series.regimes.clear();
            series.changes.clear();
            series.ledger = None;
            series
        })
        .collect();
    view.series = (0..count)
        .map(|i| {
            let mut series = some[i % some.len()].clone();
            series.slug = format!("{}-{i}", series.slug);
            series.key.benchmark = format!("{} {i}", series.key.benchmark);
            series
        })
        .collect();
    view
}

#[test]
fn hostile_text_runs_nothing() {
    let browser = Browser::start();
    for attack in HOSTILE {
        let folder = Folder::new(&hostile(attack));
        for page in [
            "index.html",
            "single.html",
            "compare.html#v2.1..v2.4",
            "regressions.html",
            "f/feature.html",
            "s/checkout-latency-p95-2.html",
            "s/index-build-time-6.html",
        ] {
            if page.starts_with("f/") && !folder.path(page).exists() {
                continue;
            }
            // An alert would make the next command fail.
            browser.open(&folder.page(page));
            let odd = browser.run(
                "return document.querySelectorAll('img, iframe, object, [onload], [onerror], [onmouseover], script:not([src])').length
                   - (location.pathname.endsWith('single.html') ? 1 : 0)",
            );
            assert_eq!(odd, 0, "{attack} on {page}");
            assert_eq!(
                browser.console(),
                Vec::<String>::new(),
                "{attack} on {page}"
            );
        }
    }
}

#[test]
fn printed_pages_are_not_blank() {
    let folder = Folder::new(&project());
    let browser = Browser::start();
    browser.open(&folder.page("s/checkout-latency-p95-2.html"));
    for page in folder.pages() {
        browser.open(&folder.page(&page));
        let pdf: Value = browser.cdp("Page.printToPDF", json!({"printBackground": false}));
        let size = pdf["data"].as_str().unwrap().len();
        assert!(
            size > 20_000,
            "{page} has {size} bytes of base64 when printed"
        );
    }
    // On A4 with its margins a table stays a table, and nothing is cut off.
    browser.cdp("Emulation.setEmulatedMedia", json!({"media": "print"}));
    browser.width(718);
    for page in folder.pages() {
        browser.open(&folder.page(&page));
        let seen = browser.run(
            "const row = document.querySelector('main table tbody tr');
             return [document.documentElement.scrollWidth, row ? getComputedStyle(row).display : 'table-row']",
        );
        assert!(seen[0].as_i64().unwrap() <= 718, "{page}: {seen}");
        assert_eq!(seen[1], "table-row", "{page}");
    }
    // What only works on a screen is not printed.
    browser.cdp("Emulation.setEmulatedMedia", json!({"media": "print"}));
    browser.open(&folder.page("index.html"));
    let shown = browser.run("return document.getElementById('filter').checkVisibility()");
    assert_eq!(shown, false);
}

/// Every kind of page: full, empty, with one point, without budgets.
fn kinds() -> Vec<(&'static str, ReportView)> {
    let mut empty = project();
    empty.series.clear();
    let mut one_point = project();
    for series in &mut one_point.series {
        series.points.truncate(1);
        series.regimes.clear();
        series.changes.clear();
        series.ledger = None;
    }
    let all = |state: State| {
        let mut view = project();
        for series in &mut view.series {
            series.state = state;
        }
        view
    };
    let mut first_run = one_point.clone();
    first_run.series.truncate(3);
    vec![
        ("full", project()),
        ("empty", empty),
        ("first run", first_run),
        ("one point", one_point),
        ("stale", all(State::NoData)),
        ("noisy", all(State::Noisy)),
        ("no budget", all(State::Unbudgeted)),
    ]
}

#[test]
fn axe_finds_nothing() {
    let axe = from_npm("axe-core/axe.min.js");
    let axe = std::fs::read_to_string(axe).unwrap();
    let browser = Browser::start();
    browser.width(1280);
    // A page that deserves a finding gets one.
    browser.open("data:text/html,<img src=x>");
    let run = format!(
        "{axe}; const done = arguments[arguments.length - 1];
        axe.run().then(r => done(r.violations.length))"
    );
    assert!(browser.wait(&run).as_u64().unwrap() > 0);
    for (kind, view) in kinds() {
        let folder = Folder::new(&view);
        for scheme in ["light", "dark"] {
            browser.media("prefers-color-scheme", scheme);
            // The pages of a project are judged once in full, then those of each kind that differ.
            let pages = folder.pages().into_iter().filter(|page| {
                kind == "full"
                    || page.ends_with("index.html")
                    || page.contains("checkout")
                    || page == "single.html"
            });
            for page in pages {
                browser.open(&folder.page(&page));
                let found = browser.wait(&format!(
                    "{axe}; const done = arguments[arguments.length - 1];
                     axe.run().then(r => done(r.violations.map(v =>
                       v.id + ': ' + v.nodes.map(n => n.html).slice(0, 2).join(' '))))"
                ));
                assert_eq!(found, json!([]), "{kind}, {scheme}: {page}");
            }
        }
    }
    let folder = Folder::new(&many(1_000));
    browser.open(&folder.page("index.html"));
    let found = browser.wait(&format!(
        "{axe}; const done = arguments[arguments.length - 1];
         axe.run().then(r => done(r.violations.map(v => v.id)))"
    ));
    assert_eq!(found, json!([]), "1,000 series");
}

#[test]
fn the_pages_are_valid_html() {
    let program = from_npm("html-validate/bin/html-validate.mjs");
    for (kind, view) in kinds() {
        let folder = Folder::new(&view);
        let said = std::process::Command::new("node")
            .arg(&program)
            .args(["--preset", "standard"])
            .args(folder.pages().iter().map(|page| folder.path(page)))
            .output()
            .unwrap();
        let said_text = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(said.status.success(), "{kind}: {said_text}");
    }
}
