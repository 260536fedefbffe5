/* SPDX-License-Identifier: MIT */
/* names.c - the texts of the ABI's tables, for tools and for the kernel's last words. */
#include "abi/status.h"
#include "abi/why.h"

const char *status_name(int64_t status)
{
    switch (status) {
#define STATUS_CASE(name, value, sentence) \
    case (value): \
        return #name;
        STATUS_TABLE(STATUS_CASE)
#undef STATUS_CASE
    default:
        return "unknown";
    }
}

const char *status_sentence(int64_t status)
{
    switch (status) {
#define STATUS_CASE(name, value, sentence) \
    case (value): \
        return (sentence);
        STATUS_TABLE(STATUS_CASE)
#undef STATUS_CASE
    default:
        return "unknown";
    }
}

const char *why_name(uint32_t rule)
{
    static const char *const names[] = {
#define WHY_NAME(name, sentence) #name,
        WHY_TABLE(WHY_NAME)
#undef WHY_NAME
    };

    return rule < WHY_RULE_COUNT ? names[rule] : "unknown";
}

const char *why_sentence(uint32_t rule)
{
    static const char *const sentences[] = {
#define WHY_SENTENCE(name, sentence) sentence,
        WHY_TABLE(WHY_SENTENCE)
#undef WHY_SENTENCE
    };

    return rule < WHY_RULE_COUNT ? sentences[rule] : "unknown";
}
