/// A URL cut at its seams (RFC 3986, section 3), so far as to check its scheme and to hide what is secret in it.
/// libcurl parses it anew for the transfer.
struct TransferURL: Sendable {
    /// Lower case; empty when there is no `://`.
    let scheme: String
    /// `user:password` before the host.
    let userinfo: String?
    /// Host and port.
    let authority: String
    /// Path, query and fragment, as written.
    let remainder: String

    init(_ text: String) {
        guard let separator = text.firstRange(of: "://") else {
            scheme = ""
            userinfo = nil
            authority = ""
            remainder = text
            return
        }
        scheme = text[..<separator.lowerBound].lowercased()
        let rest = text[separator.upperBound...]
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let whole = rest[..<end]
        if let at = whole.lastIndex(of: "@") {
            userinfo = String(whole[..<at])
            authority = String(whole[whole.index(after: at)...])
        } else {
            userinfo = nil
            authority = String(whole)
        }
        remainder = String(rest[end...])
    }

    /// Scheme and host: what may be shown.
    var redacted: String { scheme.isEmpty ? "…" : "\(scheme)://\(authority)/…" }
}
