/// Small transformations of text that templates offer.
enum TextEscape {
    /// Go's `template.HTMLEscapeString`.
    static func html(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&#34;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Go's `url.QueryEscape`.
    static func query(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: " "): result += "+"
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                result += "%" + (hex.utf8.count < 2 ? "0" : "") + hex
            }
        }
        return result
    }

    /// The first letter of each word in upper case, as Go's `strings.Title`.
    static func title(_ text: String) -> String {
        var result = ""
        var isStart = true
        for scalar in text.unicodeScalars {
            result += isStart ? scalar.properties.titlecaseMapping : String(scalar)
            let isWordASCII =
                scalar == "_"
                || (scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil))
            isStart = scalar.isASCII ? !isWordASCII : scalar.properties.isWhitespace
        }
        return result
    }

    /// `host:5432` is `host`, `[::1]:5432` is `::1`; anything else stays as it is.
    static func withoutPort(_ text: String) -> String {
        guard let colon = text.lastIndex(of: ":") else { return text }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { return String(host.dropFirst().dropLast()) }
        return host.contains(":") ? text : String(host)
    }

    /// `db.example.org:5432` without the domain is `db:5432`; addresses of numbers stay as they are.
    static func withoutDomain(_ text: String) -> String {
        let host = withoutPort(text)
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        let isIPv4 = parts.count == 4 && parts.allSatisfy { UInt8($0) != nil && ($0.count == 1 || !$0.hasPrefix("0")) }
        if isIPv4 || host.contains(":") { return text }
        let port = text.hasPrefix(host + ":") ? text.dropFirst(host.count) : ""
        return String(parts.first ?? "") + (port.count > 1 ? port : "")
    }

    /// The path of an address: `https://example.org/prometheus` has `/prometheus`.
    static func path(of address: String) -> String {
        let pieces = address.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard pieces.count == 4, pieces[0].hasSuffix(":"), pieces[1].isEmpty else { return "" }
        let path = pieces[3].prefix { $0 != "?" && $0 != "#" }
        return "/" + path
    }
}
