use super::*;
use std::cell::RefCell;

/// Answers as told, one after the other.
struct Script {
    answers: RefCell<Vec<Result<Response, NoAnswer>>>,
    seen: RefCell<Vec<String>>,
}

impl Script {
    fn new(answers: Vec<Result<Response, NoAnswer>>) -> Self {
        Self {
            answers: RefCell::new(answers.into_iter().rev().collect()),
            seen: RefCell::default(),
        }
    }
}

impl Transport for Script {
    fn send(&self, request: &Request) -> Result<Response, NoAnswer> {
        self.seen.borrow_mut().push(request.path.clone());
        self.answers.borrow_mut().pop().unwrap()
    }
    fn base(&self) -> &str {
        "https://api.example/v3"
    }
}

#[derive(Default)]
struct Watch(RefCell<Vec<f64>>);

impl Clock for Watch {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_000).unwrap()
    }
    fn sleep(&self, time: Duration) {
        self.0.borrow_mut().push(time.as_secs_f64());
    }
    fn random(&self) -> f64 {
        0.0
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Response, NoAnswer> {
    let own = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
    Ok(Response {
        status,
        headers: headers.iter().map(own).collect(),
        body: body.into(),
    })
}

fn call(
    method: Method,
    answers: Vec<Result<Response, NoAnswer>>,
) -> (Result<Response, ApiError>, Vec<f64>) {
    let (script, watch) = (Script::new(answers), Watch::default());
    let path = "/x".to_owned();
    let body = None;
    let result = Client::new(&script, &watch).call(&Request { method, path, body });
    (result, watch.0.take())
}

#[test]
fn waits_as_long_as_it_is_told() {
    for (status, headers, pause) in [
        (429, vec![("retry-after", "7")], 7.0),
        (403, vec![("retry-after", "3")], 3.0),
        (
            403,
            vec![
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "1020"),
            ],
            21.0,
        ),
        (429, vec![], 60.0),
    ] {
        for method in [Method::Get, Method::Post] {
            let (result, slept) = call(
                method,
                vec![answer(status, &headers, "{}"), answer(200, &[], "")],
            );
            assert!(
                result.is_ok(),
                "{status} {headers:?}: not carried out, so sent again"
            );
            assert_eq!(slept, [pause], "{status} {headers:?}");
        }
    }
    let secondary = r#"{"message":"You have exceeded a secondary rate limit."}"#;
    let (result, slept) = call(
        Method::Post,
        vec![answer(403, &[], secondary), answer(201, &[], "")],
    );
    assert!(result.is_ok());
    assert_eq!(slept, [60.0]);
}

#[test]
fn a_plain_403_is_a_refusal_at_once() {
    let said = r#"{"message":"Resource not accessible by integration"}"#;
    let (result, slept) = call(Method::Post, vec![answer(403, &[], said)]);
    let error = result.unwrap_err();
    assert!(error.is_forbidden() && slept.is_empty());
    assert!(
        error.to_string().contains("Resource not accessible"),
        "{error}"
    );
}

#[test]
fn a_post_is_never_sent_again_when_it_may_have_arrived() {
    for lost in [answer(502, &[], ""), Err(NoAnswer::Lost("closed".into()))] {
        let (result, _) = call(Method::Post, vec![lost.clone()]);
        assert!(matches!(result, Err(ApiError::Unclear { .. })));
        let (result, slept) = call(
            Method::Patch,
            vec![lost.clone(), lost, answer(200, &[], "")],
        );
        assert!(result.is_ok(), "twice is once");
        assert_eq!(slept, [0.5, 1.0]);
    }
    let unsent = Err(NoAnswer::NotSent("refused".into()));
    let (result, _) = call(Method::Post, vec![unsent, answer(201, &[], "")]);
    assert!(result.is_ok());
}

#[test]
fn it_gives_up_after_six_tries_or_three_minutes() {
    let (result, _) = call(Method::Get, vec![answer(500, &[], ""); 6]);
    assert!(matches!(result, Err(ApiError::GaveUp { tries: 6, .. })));
    let (result, slept) = call(
        Method::Get,
        vec![answer(429, &[("retry-after", "3600")], "")],
    );
    assert!(matches!(result, Err(ApiError::GaveUp { tries: 1, .. })));
    assert!(slept.is_empty(), "an hour is not waited for");
}

#[test]
fn lists_follow_links_of_this_api_only() {
    let next = r#"<https://api.example/v3/x?page=2>; rel="next", <https://api.example/v3/x?page=2>; rel="last""#;
    let away = r#"<https://evil.example/v3/x?page=3>; rel="next""#;
    let script = Script::new(vec![
        answer(200, &[("link", next)], "[1,2]"),
        answer(200, &[("link", away)], "[3]"),
    ]);
    let watch = Watch::default();
    let client = Client::new(&script, &watch);
    let items: Vec<u32> = client.list("/x", None).unwrap();
    assert_eq!(items, [1, 2, 3]);
    assert_eq!(*script.seen.borrow(), ["/x", "/x?page=2"]);
    assert_eq!(client.sent(), 2);
    let script = Script::new(vec![
        answer(200, &[], r#"{"runs":[5]}"#),
        answer(200, &[], "{}"),
    ]);
    let client = Client::new(&script, &watch);
    assert_eq!(client.list::<u32>("/y", Some("runs")).unwrap(), [5]);
    assert!(client.list::<u32>("/y", Some("runs")).is_err());
}
