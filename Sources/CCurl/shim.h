#ifndef LOCKKEEPER_CCURL_SHIM_H
#define LOCKKEEPER_CCURL_SHIM_H

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>

/* Swift cannot call C's variadic functions, and the type that `curl_easy_setopt` reads from its variable
   arguments depends on the option's number range. There is one wrapper per argument kind, so that
   handing over a wrong kind is a compile error instead of a wild read. */

static inline CURLcode lockkeeper_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode lockkeeper_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

/* libcurl copies the string, except for CURLOPT_POSTFIELDS, which this house does not use. */
static inline CURLcode lockkeeper_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode lockkeeper_set_bytes(CURL *easy, CURLoption option, const void *value) {
    return curl_easy_setopt(easy, option, (const char *)value);
}

/* The list is not copied: it has to outlive the transfer. */
static inline CURLcode lockkeeper_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

/* The MIME structure is not copied: it has to outlive the transfer. */
static inline CURLcode lockkeeper_set_mime(CURL *easy, curl_mime *value) {
    return curl_easy_setopt(easy, CURLOPT_MIMEPOST, value);
}

static inline CURLcode lockkeeper_set_error_buffer(CURL *easy, char *buffer) {
    return curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, buffer);
}

/* One context for all four callbacks. */
static inline CURLcode lockkeeper_set_callbacks(
    CURL *easy, void *context, curl_write_callback header, curl_write_callback body, curl_debug_callback wire,
    curl_xferinfo_callback progress) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_DEBUGDATA, context);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_XFERINFODATA, context);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, wire);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, progress);
    /* The debug callback is called only when verbose; nothing is printed, since the callback replaces that. */
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    return code;
}

/* `protocols` is a comma-separated list; before 7.85 there was only a bit mask. */
static inline CURLcode lockkeeper_set_protocols(CURL *easy, const char *protocols, long mask) {
#if LIBCURL_VERSION_NUM >= 0x075500
    (void)mask;
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
#else
    (void)protocols;
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS, mask);
#endif
}

/* One refused recipient shall not lose the message of the others. Spelled with three l before 8.2. */
static inline CURLcode lockkeeper_set_recipients_may_fail(CURL *easy) {
#if LIBCURL_VERSION_NUM >= 0x080200
    return curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLOWFAILS, 1L);
#else
    return curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
#endif
}

/* Without this, ending a transfer whose name is still being looked up waits for the resolver's thread,
   seconds during which the loop serves nobody else. With it the thread is detached and cleans up after itself. */
static inline CURLcode lockkeeper_set_never_wait_for_resolver(CURL *easy) {
#if LIBCURL_VERSION_NUM >= 0x075700
    return curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#else
    (void)easy;
    return CURLE_OK;
#endif
}

static inline CURLcode lockkeeper_get_offset(CURL *easy, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(easy, info, value);
}

/* Thread-safe since 7.84; the Swift side calls it once per process anyway. */
static inline CURLcode lockkeeper_curl_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

/* Starts a detached thread on which every signal is blocked: signals belong to the program, and a write to a
   closed connection inside a TLS library must come back as an error, not as SIGPIPE. */
static inline int lockkeeper_start_thread(void *(*body)(void *), void *context) {
    sigset_t all, before;
    pthread_t thread;
    sigfillset(&all);
    int code = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (code != 0) return code;
    code = pthread_create(&thread, NULL, body, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code == 0) pthread_detach(thread);
    return code;
}

#endif
