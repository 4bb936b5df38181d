// SPDX-License-Identifier: MIT OR Apache-2.0
#include "alerts/webhook.hpp"

#include "alerts/curl_library.hpp"
#include "core/error.hpp"
#include "core/handle.hpp"
#include "core/time.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <random>

namespace rwatch::alerts {

namespace {

void free_easy(CURL* easy) {
    CurlLibrary::get().easy_cleanup(easy);
}
void free_multi(CURLM* multi) {
    CurlLibrary::get().multi_cleanup(multi);
}
void free_list(curl_slist* list) {
    CurlLibrary::get().slist_free_all(list);
}
using Easy = Handle<CURL, free_easy>;
using Multi = Handle<CURLM, free_multi>;
using List = Handle<curl_slist, free_list>;

constexpr int kPollMs = 1000; // between looks at curl's own timers; descriptors wake at once

/// An answer's body is of no interest.
std::size_t discard_body(char*, std::size_t size, std::size_t count, void*) {
    return size * count;
}

void add_header(List& list, const std::string& line) {
    auto* grown = CurlLibrary::get().slist_append(list.get(), line.c_str());
    if (grown == nullptr)
        throw std::bad_alloc();
    static_cast<void>(list.release()); // curl gives back the same list, grown
    list.reset(grown);
}

bool same_name(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

List make_headers(const WebhookOptions& options) {
    constexpr std::string_view kContentType = "Content-Type";
    const auto is_type = [&](const auto& header) { return same_name(header.first, kContentType); };
    List list;
    if (std::none_of(options.headers.begin(), options.headers.end(), is_type))
        add_header(list, "Content-Type: application/json");
    add_header(list, "Expect:"); // no wait for "100 Continue"
    for (const auto& [name, value] : options.headers) {
        // "Name;" is how curl is told to send a header without a value.
        std::string line = name;
        line.append(value.empty() ? ";" : ": ").append(value);
        add_header(list, line);
    }
    return list;
}

template <typename T> void set(CURL* easy, CURLoption option, T value) {
    const auto code = CurlLibrary::get().easy_setopt(easy, option, value);
    if (code != CURLE_OK)
        throw Error("set up webhook", "", CurlLibrary::get().easy_strerror(code));
}

long milliseconds(std::int64_t ns) noexcept {
    return static_cast<long>(std::max<std::int64_t>(ns / kMillisecond, 1));
}

class WebhookWriter : public Writer {
  public:
    explicit WebhookWriter(WebhookOptions options)
        : options_(std::move(options)), origin_(origin_of(options_.url)), headers_(make_headers(options_)),
          easy_(curl_.easy_init()), multi_(curl_.multi_init()), random_(std::random_device{}()) {
        if (!easy_ || !multi_)
            throw Error("set up webhook", origin_, ENOMEM);
        auto* easy = easy_.get();
        set(easy, CURLOPT_URL, options_.url.c_str());
        set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
        set(easy, CURLOPT_FOLLOWLOCATION, 0L);
        set(easy, CURLOPT_HTTPHEADER, headers_.get());
        set(easy, CURLOPT_USERAGENT, "rwatch/" RWATCH_VERSION);
        set(easy, CURLOPT_TIMEOUT_MS, milliseconds(options_.timeout_ns));
        set(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options_.timeout_ns));
        set(easy, CURLOPT_NOSIGNAL, 1L);
        set(easy, CURLOPT_QUICK_EXIT, 1L); // a name service that doesn't answer must not hold up the end
        set(easy, CURLOPT_WRITEFUNCTION, discard_body);
        set(easy, CURLOPT_ERRORBUFFER, reason_.data());
        if (!options_.ca_file.empty())
            set(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
    }

    bool write(const Alert& alert, Attempt& attempt) override {
        const auto body = to_json_text(alert);
        set(easy_.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
        set(easy_.get(), CURLOPT_POSTFIELDS, body.c_str());
        for (std::uint32_t retry = 1;; ++retry) {
            const auto result = perform(attempt);
            if (!result)
                return false; // gave up
            const auto verdict = take(*result, attempt);
            if (verdict != Verdict::retry)
                return verdict == Verdict::delivered;
            if (retry > options_.retries || !attempt.pause(next_wait(retry)))
                return false;
        }
    }

  private:
    /// One request; nothing where the time to stop came before its end.
    std::optional<CURLcode> perform(const Attempt& attempt) {
        reason_.front() = '\0';
        curl_.multi_add_handle(multi_.get(), easy_.get());
        std::optional<CURLcode> result;
        int running = 1;
        while (!attempt.given_up()) {
            if (curl_.multi_perform(multi_.get(), &running) != CURLM_OK)
                break;
            if (running == 0) {
                int left = 0;
                if (const auto* message = curl_.multi_info_read(multi_.get(), &left); message != nullptr)
                    result = message->data.result;
                break;
            }
            curl_waitfd give_up{attempt.give_up_fd(), CURL_WAIT_POLLIN, 0};
            curl_.multi_poll(multi_.get(), &give_up, 1, kPollMs, nullptr);
        }
        curl_.multi_remove_handle(multi_.get(), easy_.get());
        return result;
    }

    Verdict take(CURLcode result, Attempt& attempt) {
        if (result != CURLE_OK) {
            const std::string_view detail = reason_.front() != '\0' ? reason_.data() : curl_.easy_strerror(result);
            attempt.failed(Error("post to", origin_, detail).what());
            return result == CURLE_URL_MALFORMAT || result == CURLE_UNSUPPORTED_PROTOCOL ? Verdict::refused
                                                                                         : Verdict::retry;
        }
        long status = 0;
        curl_.easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
        const auto verdict = judge(status);
        if (verdict != Verdict::delivered) {
            auto why = "it answers " + std::to_string(status);
            if (status >= 300 && status < 400)
                why += ", a redirect, which is not followed";
            attempt.failed(Error("post to", origin_, why).what());
        }
        return verdict;
    }

    std::int64_t next_wait(std::uint32_t retry) {
        curl_off_t asked = 0; // seconds, of a Retry-After header
        curl_.easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &asked);
        const auto longest = options_.backoff_max_ns;
        const auto asked_ns = asked > longest / kSecond ? longest : static_cast<std::int64_t>(asked) * kSecond;
        return std::max(asked_ns, backoff(options_, retry, std::uniform_real_distribution<double>()(random_)));
    }

    const CurlLibrary& curl_ = CurlLibrary::get();
    const WebhookOptions options_;
    const std::string origin_;
    std::array<char, CURL_ERROR_SIZE> reason_{};
    List headers_;
    Easy easy_;
    Multi multi_;
    std::mt19937 random_;
};

} // namespace

Verdict judge(long status) noexcept {
    if (status >= 200 && status < 300)
        return Verdict::delivered;
    return status == 408 || status == 429 || status >= 500 ? Verdict::retry : Verdict::refused;
}

std::int64_t backoff(const WebhookOptions& options, std::uint32_t retry, double random) noexcept {
    auto wait = options.backoff_ns;
    for (std::uint32_t i = 1; i < retry && wait < options.backoff_max_ns; ++i)
        wait *= 2;
    wait = std::min(wait, options.backoff_max_ns);
    const auto half = wait / 2;
    return half + static_cast<std::int64_t>(static_cast<double>(wait - half) * random);
}

std::string origin_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos)
        return "webhook";
    const auto begin = scheme + 3;
    auto host = url.substr(begin, url.find_first_of("/?#", begin) - begin);
    host.remove_prefix(host.find_last_of('@') + 1); // user and password; npos + 1 is 0
    return std::string(url.substr(0, begin)).append(host);
}

std::unique_ptr<Writer> make_webhook_writer(WebhookOptions options) {
    return std::make_unique<WebhookWriter>(std::move(options));
}

} // namespace rwatch::alerts
