// SPDX-License-Identifier: MIT OR Apache-2.0
// The webhook against a server on loopback: what it sends, what it repeats, what it refuses, and that it ends promptly.
#include "alert_support.hpp"
#include "http_server.hpp"

#include "alerts/queued_sink.hpp"
#include "alerts/webhook.hpp"

using namespace rwatch;
using namespace rwatch::test;
using namespace std::chrono_literals;
using alerts::Verdict;
using alerts::WebhookOptions;

namespace {

std::unique_ptr<alerts::Sink> make_webhook_sink(const alerts::WebhookOptions& options, std::size_t capacity) {
    return std::make_unique<alerts::QueuedSink>("webhook", capacity, alerts::make_webhook_writer(options),
                                                options.min_priority);
}

WebhookOptions quick(const std::string& url) {
    WebhookOptions options;
    options.url = url;
    options.timeout_ns = 2 * kSecond;
    options.backoff_ns = 20 * kMillisecond;
    options.backoff_max_ns = 100 * kMillisecond;
    return options;
}

bool settled(const alerts::Sink& sink, std::uint64_t alerts) {
    return eventually([&] {
        const auto status = sink.status();
        return status.delivered + status.dropped == alerts;
    });
}

} // namespace

TEST_CASE("webhook: posts the alert's JSON with the headers asked for") {
    HttpServer server([](std::size_t) { return HttpServer::response(204); });
    auto options = quick(server.url("/hook?token=s3cret"));
    options.headers = {{"Authorization", "Bearer abc"}, {"X-Empty", ""}};
    auto sink = make_webhook_sink(options, 10);
    sink->submit(shared_alert("a"));
    REQUIRE(settled(*sink, 1));
    CHECK(sink->status().delivered == 1);
    CHECK(sink->status().state == "ok");
    const auto requests = server.requests();
    REQUIRE(requests.size() == 1);
    const auto& head = requests[0].head;
    CHECK(head.starts_with("POST /hook?token=s3cret HTTP/1.1\r\n"));
    CHECK(head.find("\r\nContent-Type: application/json\r\n") != std::string::npos);
    CHECK(head.find("\r\nAuthorization: Bearer abc\r\n") != std::string::npos);
    CHECK(head.find("\r\nX-Empty:\r\n") != std::string::npos);
    CHECK(head.find("\r\nUser-Agent: rwatch/") != std::string::npos);
    CHECK(head.find("Expect:") == std::string::npos);
    CHECK(requests[0].body == alerts::to_json_text(make_alert("a")));
}

TEST_CASE("webhook: an own Content-Type replaces ours") {
    HttpServer server([](std::size_t) { return HttpServer::response(200); });
    auto options = quick(server.url());
    options.headers = {{"content-type", "application/x-own"}};
    auto sink = make_webhook_sink(options, 10);
    sink->submit(shared_alert());
    REQUIRE(settled(*sink, 1));
    const auto head = server.requests().at(0).head;
    CHECK(head.find("content-type: application/x-own") != std::string::npos);
    CHECK(head.find("application/json") == std::string::npos);
}

TEST_CASE("webhook: 500, then 200") {
    HttpServer server([](std::size_t n) { return HttpServer::response(n < 2 ? 500 : 200); });
    auto sink = make_webhook_sink(quick(server.url("/secret-path")), 10);
    sink->submit(shared_alert("a"));
    REQUIRE(eventually([&] { return sink->status().failed >= 1; }));
    CHECK(sink->status().state.starts_with("cannot post to 'http://127.0.0.1:"));
    CHECK(sink->status().state.ends_with("': it answers 500"));
    CHECK(sink->status().state.find("secret") == std::string::npos);
    REQUIRE(settled(*sink, 1));
    CHECK(sink->status().delivered == 1);
    CHECK(sink->status().failed == 2);
    CHECK(sink->status().state == "ok");
    const auto requests = server.requests();
    REQUIRE(requests.size() == 3);
    CHECK(requests[2].body == requests[0].body);
    CHECK(requests[1].when - requests[0].when >= 10ms); // half of the first wait at least
    CHECK(requests[2].when - requests[1].when >= 20ms); // of the doubled one
}

TEST_CASE("webhook: gives up after its retries and goes on with the next") {
    HttpServer server([](std::size_t n) { return HttpServer::response(n < 3 ? 503 : 200); });
    auto options = quick(server.url());
    options.retries = 2;
    auto sink = make_webhook_sink(options, 10);
    sink->submit(shared_alert("lost"));
    sink->submit(shared_alert("good"));
    REQUIRE(settled(*sink, 2));
    CHECK(sink->status().dropped == 1);
    CHECK(sink->status().delivered == 1);
    CHECK(server.count() == 4);
}

TEST_CASE("webhook: what is refused for good is not repeated") {
    const int status = GENERATE(400, 401, 404, 413);
    HttpServer server([=](std::size_t) { return HttpServer::response(status); });
    auto sink = make_webhook_sink(quick(server.url()), 10);
    sink->submit(shared_alert());
    REQUIRE(settled(*sink, 1));
    CHECK(sink->status().dropped == 1);
    CHECK(server.count() == 1);
    CHECK(sink->status().state.ends_with("it answers " + std::to_string(status)));
}

TEST_CASE("webhook: a redirect is not followed") {
    HttpServer elsewhere([](std::size_t) { return HttpServer::response(200); });
    HttpServer server([&](std::size_t) { return HttpServer::response(307, "Location: " + elsewhere.url() + "\r\n"); });
    auto sink = make_webhook_sink(quick(server.url()), 10);
    sink->submit(shared_alert());
    REQUIRE(settled(*sink, 1));
    CHECK(sink->status().dropped == 1);
    CHECK(sink->status().state.find("307, a redirect, which is not followed") != std::string::npos);
    CHECK(server.count() == 1);
    CHECK(elsewhere.count() == 0);
}

TEST_CASE("webhook: only http and https") {
    const TempDir dir;
    const auto path = dir.path() / "file";
    auto sink = make_webhook_sink(quick("file://" + path.string()), 10);
    sink->submit(shared_alert());
    REQUIRE(settled(*sink, 1));
    CHECK(sink->status().dropped == 1);
    CHECK(sink->status().failed == 1); // not repeated
}

TEST_CASE("webhook: nobody listens") {
    std::string url;
    {
        HttpServer server([](std::size_t) { return std::string{}; });
        url = server.url();
    }
    auto options = quick(url);
    options.retries = 1;
    auto sink = make_webhook_sink(options, 10);
    sink->submit(shared_alert());
    REQUIRE(settled(*sink, 1));
    CHECK(sink->status().failed == 2);
    CHECK(sink->status().dropped == 1);
}

TEST_CASE("webhook: a server that never answers costs its time-out, no more") {
    HttpServer server([](std::size_t n) { return n == 0 ? std::string{} : HttpServer::response(200); });
    auto options = quick(server.url());
    options.timeout_ns = 150 * kMillisecond;
    auto sink = make_webhook_sink(options, 10);
    sink->submit(shared_alert());
    REQUIRE(settled(*sink, 1));
    CHECK(sink->status().delivered == 1);
    CHECK(sink->status().failed == 1);
}

TEST_CASE("webhook: stop is prompt while a server never answers, and in the wait for a retry") {
    const bool silent = GENERATE(true, false);
    HttpServer server([=](std::size_t) { return silent ? std::string{} : HttpServer::response(503); });
    auto options = quick(server.url());
    options.timeout_ns = 60 * kSecond;
    options.backoff_ns = options.backoff_max_ns = 60 * kSecond;
    auto sink = make_webhook_sink(options, 10);
    sink->submit(shared_alert());
    sink->submit(shared_alert());
    REQUIRE(eventually([&] { return server.count() == 1 && sink->status().queued == 1; }));
    const auto took = time_of([&] { sink->stop(100 * kMillisecond); });
    CHECK(took >= 100ms);
    CHECK(took < 5s);
    CHECK(sink->status().dropped == 2);
}

TEST_CASE("webhook: Retry-After is kept to, up to the longest wait") {
    HttpServer server([](std::size_t n) {
        return n == 0 ? HttpServer::response(429, "Retry-After: 3600\r\n") : HttpServer::response(200);
    });
    auto options = quick(server.url());
    options.backoff_ns = kMillisecond;
    options.backoff_max_ns = 200 * kMillisecond;
    auto sink = make_webhook_sink(options, 10);
    sink->submit(shared_alert());
    REQUIRE(settled(*sink, 1));
    const auto requests = server.requests();
    REQUIRE(requests.size() == 2);
    CHECK(requests[1].when - requests[0].when >= 200ms);
}

TEST_CASE("webhook: less urgent alerts are not posted") {
    HttpServer server([](std::size_t) { return HttpServer::response(200); });
    auto options = quick(server.url());
    options.min_priority = rules::Priority::critical;
    auto sink = make_webhook_sink(options, 10);
    sink->submit(shared_alert("warning"));
    auto urgent = make_alert("urgent");
    urgent.priority = rules::Priority::critical;
    sink->submit(std::make_shared<const alerts::Alert>(urgent));
    sink->stop(5 * kSecond);
    REQUIRE(server.count() == 1);
    CHECK(server.requests()[0].body.find("\"urgent\"") != std::string::npos);
}

TEST_CASE("webhook: verdicts, waits and what may be shown of a URL") {
    CHECK(alerts::judge(200) == Verdict::delivered);
    CHECK(alerts::judge(299) == Verdict::delivered);
    for (const long status : {408L, 429L, 500L, 502L, 503L, 599L})
        CHECK(alerts::judge(status) == Verdict::retry);
    for (const long status : {0L, 301L, 302L, 307L, 308L, 400L, 401L, 403L, 404L, 410L, 422L})
        CHECK(alerts::judge(status) == Verdict::refused);

    WebhookOptions options;
    options.backoff_ns = kSecond;
    options.backoff_max_ns = 10 * kSecond;
    CHECK(alerts::backoff(options, 1, 0) == kSecond / 2);
    CHECK(alerts::backoff(options, 1, 1) == kSecond);
    CHECK(alerts::backoff(options, 3, 1) == 4 * kSecond);
    CHECK(alerts::backoff(options, 5, 1) == 10 * kSecond);
    CHECK(alerts::backoff(options, 4'000'000'000U, 0) == 5 * kSecond);

    CHECK(alerts::origin_of("https://user:pass@hooks.example:8443/T000/secret?x=1") == "https://hooks.example:8443");
    CHECK(alerts::origin_of("http://[::1]:80?x") == "http://[::1]:80");
    CHECK(alerts::origin_of("nonsense") == "webhook");
}
