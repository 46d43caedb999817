import CCurl

/// One transfer while libcurl has it. Lives and dies on its loop's thread.
///
/// The base of the HTTP and the mail exchange: it sets what both need and turns libcurl's callbacks into methods.
class Exchange {
    var easy: EasyHandle
    var redaction: Redaction
    let abort: AbortFlag
    /// Host and port, for errors: libcurl's texts about timeouts name no host.
    private let authority: String

    init(easy: consuming EasyHandle, authority: String, redaction: Redaction, abort: AbortFlag) {
        self.easy = easy
        self.authority = authority
        self.redaction = redaction
        self.abort = abort
    }

    /// Whether the peer may have got some of what must not be doubled.
    var certainty: TransferError.Certainty { .ambiguous }

    /// One header line of an HTTP answer, its line end included.
    func receivedHeader(_ line: UnsafeRawBufferPointer) {}

    /// A piece of the answer's body; returns whether more of it is wanted.
    func receivedBody(_ bytes: UnsafeRawBufferPointer) -> Bool { true }

    /// Something went over the wire, or came; see `CURLOPT_DEBUGFUNCTION`.
    func observed(_ kind: curl_infotype, _ bytes: UnsafeRawBufferPointer) {}

    /// Whether libcurl is to stop at once; asked at least once a second, even inside its blocking parts.
    var shallStop: Bool { abort.reason != nil }

    /// libcurl is done with the transfer.
    func ended(_ code: CURLcode) {}

    /// The transfer ends without libcurl's word on it.
    func failed(_ error: TransferError) {}

    /// Sets what HTTP and mail have in common.
    func setCommonOptions(
        connectTimeout: Duration, totalTimeout: Duration, certificateAuthorityFile: String?
    ) throws(TransferError) {
        // Unretained: the loop holds this object until it has taken the handle out of libcurl's hands.
        let context = Unmanaged.passUnretained(self).toOpaque()
        try EasyHandle.check(
            lockkeeper_set_callbacks(
                easy.raw, context,
                { bytes, size, count, context in
                    guard let bytes, let context else { return 0 }
                    let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
                    exchange.receivedHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
                    return size * count
                },
                { bytes, size, count, context in
                    guard let bytes, let context else { return 0 }
                    let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
                    let isMoreWanted = exchange.receivedBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
                    // Anything but the full count makes libcurl end the transfer. The count is never 0 here.
                    return isMoreWanted ? size * count : 0
                },
                { _, kind, bytes, size, context in
                    guard let bytes, let context else { return 0 }
                    let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
                    exchange.observed(kind, UnsafeRawBufferPointer(start: bytes, count: size))
                    return 0
                },
                { context, _, _, _, _ in
                    guard let context else { return 0 }
                    return Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue().shallStop ? 1 : 0
                }))
        try easy.set(CURLOPT_NOSIGNAL, true)
        try EasyHandle.check(lockkeeper_set_never_wait_for_resolver(easy.raw))
        try easy.set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds: connectTimeout)
        try easy.set(CURLOPT_TIMEOUT_MS, milliseconds: totalTimeout)
        // A kept connection that has died makes libcurl send a request a second time by itself, even a POST.
        try easy.set(CURLOPT_FRESH_CONNECT, true)
        try easy.set(CURLOPT_FORBID_REUSE, true)
        try easy.set(CURLOPT_SSL_VERIFYPEER, 1)
        try easy.set(CURLOPT_SSL_VERIFYHOST, 2)
        try easy.set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        if let certificateAuthorityFile {
            try easy.set(CURLOPT_CAINFO, certificateAuthorityFile)
            // The system's folder of certificates would be trusted besides.
            try easy.clear(CURLOPT_CAPATH)
        }
    }

    /// libcurl's failure, or the abort that caused it, as an error.
    ///
    /// - Parameter isReceiving: whether the request had gone out and the answer was awaited.
    func failure(_ code: CURLcode, isReceiving: Bool) -> TransferError {
        if let reason = abort.reason { return aborted(reason, isReceiving: isReceiving) }
        // The only thing besides an abort for which `shallStop` ends an open transfer is the deadline.
        let code = code == CURLE_ABORTED_BY_CALLBACK ? CURLE_OPERATION_TIMEDOUT : code
        let hasTimedOut = code == CURLE_OPERATION_TIMEDOUT
        let general = hasTimedOut ? "no answer in time" : String(cString: curl_easy_strerror(code))
        let detail = easy.errorText.isEmpty ? general : easy.errorText
        let host = authority.prefix { $0 != ":" }
        return TransferError(
            stage: stage(code, isReceiving: isReceiving), reason: hasTimedOut ? .timedOut : .failed,
            code: Int(code.rawValue),
            message: redaction.clean(detail.contains(host) ? detail : "\(authority): \(detail)"), certainty: certainty)
    }

    /// The error of a transfer that nobody waits for any more.
    func aborted(_ reason: TransferError.Reason, isReceiving: Bool) -> TransferError {
        TransferError(
            stage: stage(CURLE_OPERATION_TIMEDOUT, isReceiving: isReceiving), reason: reason,
            message: reason == .cancelled ? "the transfer was cancelled" : "the transfer was ended by the shutdown",
            certainty: certainty)
    }

    private func stage(_ code: CURLcode, isReceiving: Bool) -> TransferError.Stage {
        switch code {
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT: return isReceiving ? .receiving : .preparing
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: return .resolving
        case CURLE_COULDNT_CONNECT: return .connecting
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_USE_SSL_FAILED, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CRL_BADFILE,
            CURLE_SSL_INVALIDCERTSTATUS:
            return .securing
        case CURLE_LOGIN_DENIED: return .authenticating
        default:
            // These times stay 0 until the step they are named after is done.
            if isReceiving { return .receiving }
            if certainty == .ambiguous { return .sending }
            if easy.info(CURLINFO_NAMELOOKUP_TIME_T) == 0 { return .resolving }
            if easy.info(CURLINFO_CONNECT_TIME_T) == 0 { return .connecting }
            if usesTLSFromTheStart, easy.info(CURLINFO_APPCONNECT_TIME_T) == 0 { return .securing }
            return stageOnceConnected
        }
    }

    /// Whether a TLS handshake follows directly on the connection.
    var usesTLSFromTheStart: Bool { false }

    /// The stage between being connected and sending.
    var stageOnceConnected: TransferError.Stage { .sending }
}
