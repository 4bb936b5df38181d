// SPDX-License-Identifier: MIT OR Apache-2.0
// Answers as name servers send them, and as those who mean harm do.
#include "process/dns_answer.hpp"

#include "dns_messages.hpp"
#include "event/fields.hpp"

#include <catch2/catch.hpp>

using namespace rwatch;
using process::DnsAnswer;
using process::parse_dns_answer;
using test::dns_message;
using test::dns_name;
using test::record_of;

namespace {

std::vector<event::Address> addresses(std::initializer_list<std::string_view> texts) {
    std::vector<event::Address> out;
    for (const auto text : texts)
        out.push_back(*event::parse_address(text));
    return out;
}

} // namespace

TEST_CASE("an answer: addresses of the name that was asked for, through its aliases") {
    const auto alias = record_of(5, dns_name("edge.example"));
    const auto message =
        dns_message("WWW.Example.org",
                    {alias, record_of(1, std::string("\xc0\0\2\7", 4)), record_of(1, std::string("\xc0\0\2\x08", 4)),
                     record_of(28, std::string("\x20\1\x0d\xb8", 4) + std::string(11, '\0') + "\1")});
    const auto answer = parse_dns_answer(message);
    REQUIRE(answer);
    CHECK(answer->name == "www.example.org");
    CHECK(answer->addresses == addresses({"192.0.2.7", "192.0.2.8", "2001:db8::1"}));
}

TEST_CASE(
    "an answer: an address of IPv4 in one of IPv6 is the former; other records, classes and sizes are passed over") {
    auto chaos = record_of(1, "abcd");
    chaos[5] = '\3';
    const auto mapped = std::string(10, '\0') + "\xff\xff\xc0" + std::string("\0\2\1", 3);
    const auto answer =
        parse_dns_answer(dns_message("a", {record_of(16, "text"), record_of(1, ""), record_of(1, "12345"),
                                           record_of(28, "abcd"), chaos, record_of(28, mapped)}));
    REQUIRE(answer);
    CHECK(answer->addresses == addresses({"192.0.2.1"}));
}

TEST_CASE("an answer that is cut anywhere gives what stands before, and never more") {
    const auto whole = dns_message("a.b", {record_of(1, "abcd"), record_of(1, "efgh")});
    const std::size_t question = 12 + 5 + 4;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto answer = parse_dns_answer(std::string_view(whole).substr(0, size));
        INFO(size);
        REQUIRE(answer.has_value() == (size >= question));
        if (answer)
            CHECK(answer->addresses.size() == (size - question) / 16);
    }
}

TEST_CASE("what is no answer to one question") {
    const std::vector<std::string> records{record_of(1, "abcd")};
    CHECK(parse_dns_answer(dns_message("a", records)));
    CHECK_FALSE(parse_dns_answer(""));
    CHECK_FALSE(parse_dns_answer(dns_message("a", records, 0x0100))); // a query
    CHECK_FALSE(parse_dns_answer(dns_message("a", records, 0x8183))); // no such name
    CHECK_FALSE(parse_dns_answer(dns_message("a", records, 0xa800))); // an update
    CHECK_FALSE(parse_dns_answer(dns_message("a", records, 0x8180, 2)));
    CHECK_FALSE(parse_dns_answer(dns_message("", records))); // the root has no address
}

TEST_CASE("names of any bytes can be read and printed; labels and names that are too long are none") {
    auto message = dns_message("x", {});
    const auto with = [&](const std::string& name) {
        auto changed = message;
        return parse_dns_answer(changed.replace(12, 3, name));
    };
    CHECK(with(std::string("\4a.\\\x1b\0", 6))->name == "a\\046\\092\\027");
    CHECK(with(std::string("\2\xff \0", 4))->name == "\\255\\032");
    CHECK_FALSE(with(std::string("\xc0\x0c", 2)));           // a pointer to itself
    CHECK_FALSE(with('\x40' + std::string(64, 'a') + '\0')); // a label of 64
    std::string longest;
    for (int i = 0; i < 63; ++i)
        longest += "\3abc";
    CHECK(with(longest + '\0')->name.size() == 63 * 4 - 1);
    CHECK_FALSE(with(longest + "\3abc" + '\0'));
}

TEST_CASE("of many addresses the first are kept") {
    std::vector<std::string> records(1000, record_of(1, "abcd"));
    CHECK(parse_dns_answer(dns_message("a", records))->addresses.size() == DnsAnswer::kMostAddresses);
}
