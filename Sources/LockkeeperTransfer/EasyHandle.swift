import CCurl

/// Owns one libcurl easy handle and everything that libcurl only borrows from it for the transfer.
struct EasyHandle: ~Copyable {
    let raw: UnsafeMutableRawPointer
    private let errorBuffer: UnsafeMutablePointer<CChar>
    private var lists: [UnsafeMutablePointer<curl_slist>] = []
    private var mimes: [OpaquePointer] = []

    init() throws(TransferError) {
        guard let raw = curl_easy_init() else { throw Self.outOfMemory }
        self.raw = raw
        errorBuffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        // If it failed, errors would only lack their detail.
        _ = lockkeeper_set_error_buffer(raw, errorBuffer)
    }

    deinit {
        // The handle first: it still points to the rest.
        curl_easy_cleanup(raw)
        for list in lists { curl_slist_free_all(list) }
        for mime in mimes { curl_mime_free(mime) }
        errorBuffer.deallocate()
    }

    /// What libcurl has written about the failure, "" if nothing.
    var errorText: String {
        let bytes = UnsafeBufferPointer(start: errorBuffer, count: Int(CURL_ERROR_SIZE))
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func set(_ option: CURLoption, _ value: Int) throws(TransferError) {
        try Self.check(lockkeeper_set_long(raw, option, value))
    }

    func set(_ option: CURLoption, _ value: Bool) throws(TransferError) { try set(option, value ? 1 : 0) }

    /// In whole milliseconds, at least one: 0 would mean "no timeout" to libcurl.
    func set(_ option: CURLoption, milliseconds duration: Duration) throws(TransferError) {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        let milliseconds = overflow ? Int64(Int32.max) : whole + attoseconds / 1_000_000_000_000_000
        try set(option, Int(min(max(milliseconds, 1), Int64(Int32.max))))
    }

    /// - Throws: when there is a NUL in the text: C would see a shorter one than was checked.
    func set(_ option: CURLoption, _ value: String) throws(TransferError) {
        guard !value.utf8.contains(0) else { throw .invalid("a text with a NUL in it cannot be sent: remove it") }
        try Self.check(lockkeeper_set_string(raw, option, value))
    }

    func clear(_ option: CURLoption) throws(TransferError) {
        try Self.check(lockkeeper_set_string(raw, option, nil))
    }

    mutating func set(_ option: CURLoption, list values: [String]) throws(TransferError) {
        var list: UnsafeMutablePointer<curl_slist>?
        for value in values {
            guard let longer = curl_slist_append(list, value) else {
                curl_slist_free_all(list)
                throw Self.outOfMemory
            }
            list = longer
        }
        if let list { lists.append(list) }
        try Self.check(lockkeeper_set_list(raw, option, list))
    }

    /// The bytes as the request's body; libcurl keeps a copy.
    func set(body: [UInt8]) throws(TransferError) {
        try Self.check(lockkeeper_set_offset(raw, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
        let code = body.withUnsafeBytes { bytes in
            // With no bytes there is no address, and NULL would make libcurl ask a read callback for them.
            bytes.baseAddress.map { lockkeeper_set_bytes(raw, CURLOPT_COPYPOSTFIELDS, $0) }
                ?? lockkeeper_set_string(raw, CURLOPT_COPYPOSTFIELDS, "")
        }
        try Self.check(code)
    }

    /// A text and, if there is one, its HTML alternative as the message's body.
    mutating func set(text: String, html: String?) throws(TransferError) {
        guard let whole = curl_mime_init(raw) else { throw Self.outOfMemory }
        mimes.append(whole)
        var parent = whole
        if html != nil {
            guard let alternatives = curl_mime_init(raw) else { throw Self.outOfMemory }
            guard let part = curl_mime_addpart(whole) else {
                curl_mime_free(alternatives)
                throw Self.outOfMemory
            }
            let code = curl_mime_subparts(part, alternatives)
            // From here on `whole` owns it.
            if code != CURLE_OK { curl_mime_free(alternatives) }
            try Self.check(code)
            try Self.check(curl_mime_type(part, "multipart/alternative"))
            parent = alternatives
        }
        // The plainest first: readers show the last alternative that they can (RFC 2046, section 5.1.4).
        try Self.add(text, type: "text/plain; charset=utf-8", to: parent)
        if let html { try Self.add(html, type: "text/html; charset=utf-8", to: parent) }
        try Self.check(lockkeeper_set_mime(raw, whole))
    }

    /// A number that libcurl keeps about the transfer, nil where it does not know it.
    func info(_ info: CURLINFO) -> Int? {
        var value: curl_off_t = 0
        return lockkeeper_get_offset(raw, info, &value) == CURLE_OK ? Int(value) : nil
    }

    static func check(_ code: CURLcode) throws(TransferError) {
        guard code != CURLE_OK else { return }
        throw TransferError(
            stage: .preparing, reason: code == CURLE_OUT_OF_MEMORY ? .failed : .invalidRequest,
            code: Int(code.rawValue),
            message: "libcurl does not accept the request: \(String(cString: curl_easy_strerror(code)))",
            certainty: .notSent)
    }

    private static var outOfMemory: TransferError {
        TransferError(
            stage: .preparing, reason: .failed, code: Int(CURLE_OUT_OF_MEMORY.rawValue),
            message: "libcurl has no memory",
            certainty: .notSent)
    }

    private static func add(_ text: String, type: String, to parent: OpaquePointer) throws(TransferError) {
        guard let part = curl_mime_addpart(parent) else { throw outOfMemory }
        let bytes = LineEnds.canonical(text)
        let code = bytes.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { curl_mime_data(part, $0.baseAddress, $0.count) }
        }
        try check(code)
        try check(curl_mime_type(part, type))
        // Keeps every line within the limit of 998 and lets UTF-8 pass servers without 8BITMIME.
        try check(curl_mime_encoder(part, "quoted-printable"))
    }
}
