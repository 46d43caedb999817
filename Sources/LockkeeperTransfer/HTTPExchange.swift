import CCurl

/// One HTTP request in libcurl's hands.
final class HTTPExchange: Exchange {
    private let completion: @Sendable (Result<HTTPResponse, TransferError>) -> Void
    private let maximumBytes: Int
    private let isSecure: Bool
    private var requestHasBegun = false
    private var status = 0
    private var headers = HeaderFields()
    private var headerBytes = 0
    private var headersAreComplete = false
    private var body: [UInt8] = []
    private var isCut = false

    /// A server that sends headers without end shall not fill the memory.
    private static let maximumHeaderBytes = 65_536

    /// Checks the request and makes a transfer of it.
    ///
    /// - Throws: ``TransferError`` with the reason `invalidRequest` when it cannot be sent as it is.
    init(
        _ request: HTTPRequest, abort: AbortFlag,
        completion: @escaping @Sendable (Result<HTTPResponse, TransferError>) -> Void
    ) throws(TransferError) {
        self.completion = completion
        maximumBytes = max(request.maximumResponseBytes, 0)
        let url = TransferURL(request.url)
        isSecure = url.scheme == "https"
        try Self.check(request, url)
        var redaction = Redaction()
        redaction.hide(url: request.url)
        if let authorization = request.headers["Authorization"] {
            redaction.hide(authorization)
            if let token = authorization.split(separator: " ").last { redaction.hide(String(token)) }
        }
        super.init(easy: try EasyHandle(), authority: url.authority, redaction: redaction, abort: abort)
        try setCommonOptions(
            connectTimeout: request.connectTimeout, totalTimeout: request.totalTimeout,
            certificateAuthorityFile: request.certificateAuthorityFile)
        try set(request)
    }

    override var certainty: TransferError.Certainty { requestHasBegun ? .ambiguous : .notSent }
    override var usesTLSFromTheStart: Bool { isSecure }

    override func observed(_ kind: curl_infotype, _ bytes: UnsafeRawBufferPointer) {
        guard kind == CURLINFO_HEADER_OUT else { return }
        // A CONNECT goes to the proxy; the receiver sees nothing of it.
        if !bytes.starts(with: "CONNECT ".utf8) { requestHasBegun = true }
    }

    override func receivedHeader(_ line: UnsafeRawBufferPointer) {
        let text = String(decoding: line.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            // Each interim (1xx) answer begins with a status line of its own.
            status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            headers = HeaderFields()
            headerBytes = 0
            headersAreComplete = false
        } else if text.isEmpty {
            headersAreComplete = status >= 200
        } else if !headersAreComplete, let colon = text.firstIndex(of: ":") {
            headerBytes += line.count
            guard headerBytes <= Self.maximumHeaderBytes else { return }
            let value = text[text.index(after: colon)...]
            let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
            let trimmed = value.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
            headers.fields.append(HeaderField(String(text[..<colon]), String(trimmed)))
        }
    }

    override func receivedBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let room = maximumBytes - body.count
        body.append(contentsOf: bytes.prefix(room))
        isCut = bytes.count > room
        return !isCut
    }

    override func ended(_ code: CURLcode) {
        if let reason = abort.reason, code != CURLE_OK {
            failed(aborted(reason, isReceiving: requestHasBegun))
        } else if headersAreComplete {
            // Whatever became of the rest: the peer has decided, and said how.
            completion(
                .success(
                    HTTPResponse(status: status, headers: headers, body: body, isTruncated: isCut || code != CURLE_OK)))
        } else if code == CURLE_OK {
            // libcurl takes a connection that is closed in the middle of the headers for the end of an answer.
            failed(
                TransferError(
                    stage: .receiving, reason: .failed,
                    message: "the server closed the connection before its answer was complete", certainty: certainty))
        } else {
            failed(failure(code, isReceiving: requestHasBegun && code != CURLE_SEND_ERROR))
        }
    }

    override func failed(_ error: TransferError) { completion(.failure(error)) }

    private static func check(_ request: HTTPRequest, _ url: TransferURL) throws(TransferError) {
        guard !request.url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw .invalid("the URL has a space, line break or control character in it: remove or percent-encode it")
        }
        switch url.scheme {
        case "https": break
        case "http":
            guard request.allowsPlainHTTP else {
                throw .invalid("the URL begins with http://: use https://, or allow plain HTTP for this receiver")
            }
        default: throw .invalid("the URL does not begin with https://: write it in full")
        }
        guard !url.authority.isEmpty else { throw .invalid("the URL names no host: write https://host/…") }
        do {
            try HeaderLine.check(name: request.method)
        } catch {
            throw .invalid("the method is not an HTTP method: use GET, POST, …")
        }
        for field in request.headers.fields {
            try HeaderLine.check(name: field.name)
            try HeaderLine.check(value: field.value, of: field.name)
        }
    }

    private func set(_ request: HTTPRequest) throws(TransferError) {
        try EasyHandle.check(
            request.allowsPlainHTTP
                ? lockkeeper_set_protocols(easy.raw, "http,https", Int(CURLPROTO_HTTP | CURLPROTO_HTTPS))
                : lockkeeper_set_protocols(easy.raw, "https", Int(CURLPROTO_HTTPS)))
        try easy.set(CURLOPT_URL, request.url)
        try easy.set(CURLOPT_FOLLOWLOCATION, false)
        try easy.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, true)
        // One request per connection: HTTP/2 would only add a retry of its own (REFUSED_STREAM).
        try easy.set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        try easy.set(CURLOPT_USERAGENT, "lockkeeper")
        let method = request.method.uppercased()
        switch method {
        case "HEAD": try easy.set(CURLOPT_NOBODY, true)
        case "GET" where request.body.isEmpty: try easy.set(CURLOPT_HTTPGET, true)
        case "POST":
            try easy.set(CURLOPT_POST, true)
            try easy.set(body: request.body)
        default:
            if !request.body.isEmpty {
                try easy.set(CURLOPT_POST, true)
                try easy.set(body: request.body)
            }
            try easy.set(CURLOPT_CUSTOMREQUEST, method)
        }
        // A name with ";" sends an empty value; with nothing after ":" libcurl leaves the header out altogether.
        var lines = request.headers.fields.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        // Large bodies would wait a second for a "100 Continue" that few servers send.
        if request.headers["Expect"] == nil { lines.append("Expect:") }
        // libcurl would call every body a form.
        if request.headers["Content-Type"] == nil { lines.append("Content-Type:") }
        try easy.set(CURLOPT_HTTPHEADER, list: lines)
    }
}
