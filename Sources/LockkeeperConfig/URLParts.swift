/// The parts of a URL that the configuration looks at (RFC 3986, section 3); what fetches the URL reads it again by its own rules.
struct URLParts: Hashable {
    /// Lower case.
    var scheme: String
    var user: String?
    var password: String?
    /// An IPv6 address without its brackets.
    var host: String
    var port: Int?
    /// With its leading slash, or "".
    var path: String
    /// What follows the `?`.
    var query: String?

    /// `nil` unless it has a scheme, `//`, and a host with, at most, a valid port.
    init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
        scheme = text[..<colon].lowercased()
        guard let first = scheme.utf8.first, (97...122).contains(first),
            scheme.utf8.allSatisfy({
                (97...122).contains($0) || (48...57).contains($0) || $0 == 43 || $0 == 45 || $0 == 46
            })
        else { return nil }
        var rest = text[colon...].dropFirst(3).prefix { $0 != "#" }
        if let mark = rest.firstIndex(of: "?") {
            query = String(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        let authority = rest.prefix { $0 != "/" }
        path = String(rest.dropFirst(authority.count))
        var place = authority
        if let at = authority.lastIndex(of: "@") {
            let credentials = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = String(credentials[0])
            password = credentials.count > 1 ? String(credentials[1]) : nil
            place = authority[authority.index(after: at)...]
        }
        if place.hasPrefix("[") {
            guard let end = place.firstIndex(of: "]") else { return nil }
            host = String(place[place.index(after: place.startIndex)..<end])
            place = place[place.index(after: end)...]
        } else {
            host = String(place.prefix { $0 != ":" })
            place = place.dropFirst(host.count)
        }
        guard !place.isEmpty else { return }
        guard place.hasPrefix(":") else { return nil }
        let digits = place.dropFirst()
        guard !digits.isEmpty else { return }
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(digits),
            (1...65_535).contains(number)
        else { return nil }
        port = number
    }
}
