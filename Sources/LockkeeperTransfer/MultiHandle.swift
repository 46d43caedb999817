import CCurl

/// Owns one libcurl multi handle.
struct MultiHandle: ~Copyable {
    let raw: UnsafeMutableRawPointer

    init?() {
        // Once per process, before the first handle.
        guard Self.isInitialised, let raw = curl_multi_init() else { return nil }
        self.raw = raw
    }

    deinit { curl_multi_cleanup(raw) }

    /// A transfer that has ended: its easy handle and how.
    struct Ended {
        var easy: UnsafeMutableRawPointer
        var code: CURLcode
    }

    /// The next transfer that has ended since, nil when there is none.
    borrowing func nextEnded() -> Ended? {
        var remaining: Int32 = 0
        while let message = curl_multi_info_read(raw, &remaining) {
            if message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle {
                return Ended(easy: easy, code: message.pointee.data.result)
            }
        }
        return nil
    }

    private static let isInitialised = lockkeeper_curl_global_init() == CURLE_OK
}
