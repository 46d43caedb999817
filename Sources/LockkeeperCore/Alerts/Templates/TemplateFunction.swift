/// The functions of templates by the names they are called by.
enum TemplateFunction: String, Sendable, CaseIterable {
    // Go's.
    case and, or, not, eq, ne, lt, le, gt, ge, len, index, slice, print, printf, println, html, urlquery
    // Prometheus's.
    case query, first, value, label, strvalue, sortByLabel, humanize, humanize1024, humanizeDuration
    case humanizePercentage, humanizeTimestamp, title, toUpper, toLower, match, reReplaceAll, safeHtml
    case parseDuration, stripPort, stripDomain, externalURL, pathPrefix, graphLink, tableLink

    /// Known to Go or Prometheus, not to us.
    static let notSupported: Set<String> = ["call", "js", "tmpl", "args", "toTime", "now"]

    /// How many arguments it takes.
    var arity: ClosedRange<Int> {
        switch self {
        case .externalURL, .pathPrefix: 0...0
        case .query, .first, .value, .strvalue, .humanize, .humanize1024, .humanizeDuration, .humanizePercentage,
            .humanizeTimestamp, .title, .toUpper, .toLower, .safeHtml, .parseDuration, .stripPort, .stripDomain,
            .graphLink, .tableLink, .not, .len:
            1...1
        case .label, .sortByLabel, .match, .ne, .lt, .le, .gt, .ge: 2...2
        case .reReplaceAll: 3...3
        case .and, .or, .printf: 1...Int.max
        case .eq: 2...Int.max
        case .index: 1...Int.max
        case .slice: 1...3
        case .print, .println, .html, .urlquery: 0...Int.max
        }
    }
}
