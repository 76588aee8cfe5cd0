//! Moods and reflections as a client sees them.

use crate::app::TestApp;
use crate::on_both_engines;
use serde_json::json;

on_both_engines!(
    a_mood_lives_and_is_undone,
    lists_are_paged_and_stats_have_gaps,
    a_reflection_lives_and_is_undone,
    bad_fields_are_named
);

async fn a_mood_lives_and_is_undone(app: TestApp) {
    let (me, other) = (app.member().await, app.member().await);
    let request = json!({"score": -1, "tags": ["work", "sleep"], "note": "Slept badly."});
    let made = me.with("idempotency-key", "one").post("/api/moods", &request).await.expect(201);
    assert_eq!(made.header("etag"), "\"v1\"");
    let mood = made.json();
    let again = me.with("idempotency-key", "one").post("/api/moods", &request).await.expect(201).json();
    assert_eq!(again, mood, "the same key is the same mood");
    let reused = me.with("idempotency-key", "one").post("/api/moods", &json!({"score": 2})).await;
    reused.problem(422, "idempotency_key_reused");
    let theirs = other.with("idempotency-key", "one").post("/api/moods", &request).await.expect(201).json();
    assert_ne!(theirs["id"], mood["id"], "a key is its owner's alone");

    let path = format!("/api/moods/{}", mood["id"].as_str().unwrap());
    assert_eq!(me.get(&path).await.expect(200).json(), mood);
    other.get(&path).await.problem(404, "not_found");
    other.with("if-match", "*").delete(&path).await.problem(404, "not_found");

    let change = json!({"score": 1, "tags": [], "note": "Better after a walk."});
    me.put(&path, &change).await.problem(428, "precondition_required");
    me.with("if-match", "\"v9\"").put(&path, &change).await.problem(412, "stale");
    let changed = me.with("if-match", "\"v1\"").put(&path, &change).await.expect(200);
    assert_eq!(changed.header("etag"), "\"v2\"");
    assert_eq!((changed.json()["score"].as_i64(), changed.json()["version"].as_i64()), (Some(1), Some(2)));
    assert_eq!(changed.json()["noted_at"], mood["noted_at"], "a change keeps the moment");

    me.delete(&path).await.problem(428, "precondition_required");
    let deleted = me.with("if-match", "\"v2\"").delete(&path).await.expect(200).json();
    assert!(deleted["undo_until"].as_str().unwrap() > mood["created_at"].as_str().unwrap());
    me.get(&path).await.problem(404, "not_found");
    other.post(&format!("{path}/restore"), &json!({})).await.problem(404, "not_found");
    let restored = me.post(&format!("{path}/restore"), &json!({})).await.expect(200).json();
    assert_eq!(restored["note"], "Better after a walk.");
    me.post(&format!("{path}/restore"), &json!({})).await.problem(409, "not_deleted");
    app.end().await;
}

async fn lists_are_paged_and_stats_have_gaps(app: TestApp) {
    let me = app.script().await;
    let today = app.house.ambient.now();
    for day in [0u64, 0, 2, 3, 20] {
        let at = today.minus(std::time::Duration::from_hours(day * 24));
        me.post("/api/moods", &json!({"score": 2 - i64::try_from(day.min(4)).unwrap(), "noted_at": at}))
            .await
            .expect(201);
    }
    let first = me.get("/api/moods?limit=3").await.expect(200).json();
    assert_eq!(first["items"].as_array().unwrap().len(), 3);
    let rest = me
        .get(&format!("/api/moods?limit=3&cursor={}", first["next_cursor"].as_str().unwrap()))
        .await
        .expect(200)
        .json();
    assert_eq!(rest["items"].as_array().unwrap().len(), 2);
    assert!(rest.get("next_cursor").is_none());
    let from = today.minus(std::time::Duration::from_hours(60));
    let recent = me.get(&format!("/api/moods?from={from}")).await.expect(200).json();
    assert_eq!(recent["items"].as_array().unwrap().len(), 3);

    let stats = me.get("/api/moods/stats?days=14&time_zone=UTC").await.expect(200).json();
    let days = stats["days"].as_array().unwrap();
    assert_eq!((days.len(), stats["count"].as_u64()), (14, Some(4)));
    assert_eq!(days[13]["count"], 2);
    assert!(days[12]["mean"].is_null(), "a day without a mood is a gap");
    for bad in ["days=0", "days=367", "time_zone=Mars/Olympus", "weeks=2"] {
        me.get(&format!("/api/moods/stats?{bad}")).await.problem(422, "invalid_fields");
    }
    app.end().await;
}

async fn a_reflection_lives_and_is_undone(app: TestApp) {
    let (me, other) = (app.member().await, app.member().await);
    let text = "The river was high today. ".repeat(30);
    let request = json!({"title": "River", "content": text, "tags": ["walk"]});
    let made = me.with("idempotency-key", "r1").post("/api/journal/entries", &request).await.expect(201).json();
    assert_eq!(me.with("idempotency-key", "r1").post("/api/journal/entries", &request).await.expect(201).json(), made);
    let path = format!("/api/journal/entries/{}", made["id"].as_str().unwrap());
    assert_eq!(me.get(&path).await.expect(200).json()["content"], text);
    other.get(&path).await.problem(404, "not_found");

    let list = me.get("/api/journal/entries").await.expect(200).json();
    let item = &list["items"][0];
    assert!(item.get("content").is_none() && item["excerpt"].as_str().unwrap().chars().count() <= 201);

    let change = json!({"title": "River, evening", "content": "Calmer.", "tags": []});
    let changed = me.with("if-match", "\"v1\"").put(&path, &change).await.expect(200).json();
    assert_eq!(changed["version"], 2);
    me.with("if-match", "\"v1\"").put(&path, &change).await.problem(412, "stale");
    me.with("if-match", "\"v2\"").delete(&path).await.expect(200);
    me.with("if-match", "\"v3\"").put(&path, &change).await.problem(404, "not_found");
    assert_eq!(me.get("/api/journal/entries").await.expect(200).json()["items"], json!([]));
    assert_eq!(me.post(&format!("{path}/restore"), &json!({})).await.expect(200).json()["content"], "Calmer.");
    app.end().await;
}

async fn bad_fields_are_named(app: TestApp) {
    let me = app.script().await;
    let fields = |body: serde_json::Value| {
        let faults = body["errors"].as_array().unwrap().clone();
        faults
            .iter()
            .map(|fault| format!("{}:{}", fault["field"].as_str().unwrap(), fault["code"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    let refused =
        me.post("/api/moods", &json!({"score": 5, "tags": ["", "x".repeat(33)], "note": "n".repeat(2001)})).await;
    assert_eq!(
        fields(refused.problem(422, "invalid_fields")),
        ["score:out_of_range", "tags[0]:empty", "tags[1]:too_long", "note:too_long"]
    );
    let refused = me.post("/api/moods", &json!({"score": 1, "user_id": "x"})).await;
    assert_eq!(fields(refused.problem(422, "invalid_fields")), ["user_id:unknown_field"]);
    let refused = me.post("/api/moods", &json!({"score": 1, "noted_at": "2999-01-01T00:00:00Z"})).await;
    assert_eq!(fields(refused.problem(422, "invalid_fields")), ["noted_at:in_the_future"]);
    let refused = me.post("/api/journal/entries", &json!({"title": "", "content": " "})).await;
    assert_eq!(fields(refused.problem(422, "invalid_fields")), ["content:empty"]);
    me.with("idempotency-key", &"k".repeat(129))
        .post("/api/moods", &json!({"score": 1}))
        .await
        .problem(400, "invalid_idempotency_key");
    assert_eq!(me.get("/api/moods").await.expect(200).json()["items"], json!([]), "nothing was kept of all that");
    app.end().await;
}
