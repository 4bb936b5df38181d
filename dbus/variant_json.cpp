// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dbus/variant_json.hpp"

#include "core/escape.hpp"

#include <algorithm>
#include <cstdint>

namespace rwatch::dbus {

namespace {

using Json = nlohmann::ordered_json;

sdbus::Variant from_json(const Json& json, std::size_t depth);

Dictionary dictionary_of(const Json& json, std::size_t depth) {
    Dictionary out;
    for (const auto& [key, value] : json.items())
        out.insert_or_assign(to_utf8(key), from_json(value, depth + 1));
    return out;
}

sdbus::Variant list_of(const Json& json, std::size_t depth) {
    // An empty list of texts and an empty list of anything read back alike.
    if (std::all_of(json.begin(), json.end(), [](const Json& item) { return item.is_string(); })) {
        std::vector<std::string> texts;
        for (const auto& item : json)
            texts.push_back(to_utf8(item.get_ref<const std::string&>()));
        return texts;
    }
    if (std::all_of(json.begin(), json.end(), [](const Json& item) { return item.is_object(); })) {
        std::vector<Dictionary> objects;
        for (const auto& item : json)
            objects.push_back(dictionary_of(item, depth + 1));
        return objects;
    }
    std::vector<sdbus::Variant> mixed;
    for (const auto& item : json)
        mixed.push_back(from_json(item, depth + 1));
    return mixed;
}

sdbus::Variant from_json(const Json& json, std::size_t depth) {
    if (depth >= kMaxVariantDepth)
        return sdbus::Signature{};
    switch (json.type()) {
    case Json::value_t::string:
        return to_utf8(json.get_ref<const std::string&>());
    case Json::value_t::boolean:
        return json.get<bool>();
    case Json::value_t::number_integer:
        return json.get<std::int64_t>();
    case Json::value_t::number_unsigned:
        return json.get<std::uint64_t>();
    case Json::value_t::number_float:
        return json.get<double>();
    case Json::value_t::object:
        return dictionary_of(json, depth);
    case Json::value_t::array:
        return list_of(json, depth);
    default:
        return sdbus::Signature{};
    }
}

/// Basic types by their signature; a function each, so that no type is named twice.
template <typename T> Json basic(const sdbus::Variant& value) {
    return value.get<T>();
}

Json basic_to_json(char type, const sdbus::Variant& value) {
    switch (type) {
    case 's':
        return basic<std::string>(value);
    case 'o':
        return std::string(value.get<sdbus::ObjectPath>());
    case 'b':
        return basic<bool>(value);
    case 'y':
        return basic<std::uint8_t>(value);
    case 'n':
        return basic<std::int16_t>(value);
    case 'q':
        return basic<std::uint16_t>(value);
    case 'i':
        return basic<std::int32_t>(value);
    case 'u':
        return basic<std::uint32_t>(value);
    case 'x':
        return basic<std::int64_t>(value);
    case 't':
        return basic<std::uint64_t>(value);
    case 'd':
        return basic<double>(value);
    default:
        return nullptr;
    }
}

Json signature_to_json(const sdbus::Variant& value) {
    const auto text = std::string(value.get<sdbus::Signature>());
    return text.empty() ? Json(nullptr) : Json(text);
}

Json variants_to_json(const std::vector<sdbus::Variant>& list) {
    Json out = Json::array();
    for (const auto& item : list)
        out.push_back(to_json(item));
    return out;
}

Json value_to_json(const sdbus::Variant& value) {
    const auto type = value.peekValueType();
    if (type == "g")
        return signature_to_json(value);
    if (type.size() == 1)
        return basic_to_json(type.front(), value);
    if (type == "as")
        return value.get<std::vector<std::string>>();
    if (type == "a{sv}")
        return to_json(value.get<Dictionary>());
    if (type == "aa{sv}")
        return to_json(value.get<std::vector<Dictionary>>());
    if (type == "a{st}")
        return value.get<std::map<std::string, std::uint64_t>>();
    if (type == "av")
        return variants_to_json(value.get<std::vector<sdbus::Variant>>());
    return nullptr;
}

} // namespace

sdbus::Variant to_variant(const Json& json) {
    return from_json(json, 0);
}

Dictionary to_dictionary(const Json& json) {
    return json.is_object() ? dictionary_of(json, 0) : Dictionary{};
}

std::vector<Dictionary> to_dictionaries(const Json& json) {
    std::vector<Dictionary> out;
    if (!json.is_array())
        return out;
    for (const auto& item : json)
        out.push_back(to_dictionary(item));
    return out;
}

Json to_json(const sdbus::Variant& value) {
    try {
        return value_to_json(value);
    } catch (const sdbus::Error&) {
        return nullptr;
    }
}

Json to_json(const Dictionary& dictionary) {
    Json out = Json::object();
    for (const auto& [key, value] : dictionary)
        out[key] = to_json(value);
    return out;
}

Json to_json(const std::vector<Dictionary>& list) {
    Json out = Json::array();
    for (const auto& item : list)
        out.push_back(to_json(item));
    return out;
}

} // namespace rwatch::dbus
