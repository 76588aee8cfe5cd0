-- One mood a request, as the client sends it.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")
wrk.body = '{"score":1,"tags":["work","walk"],"note":"A long day, and a walk along the river after it."}'
