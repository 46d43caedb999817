/// The text of a label or annotation with what is to be filled in, in the language of Go's `text/template` with
/// Prometheus's functions (https://prometheus.io/docs/prometheus/latest/configuration/template_reference/).
///
/// Not supported: `define`, `template`, `block`, and the functions `call`, `js` and `stripDomain`.
public struct AlertTemplate: Sendable, Hashable {
    /// The text as written.
    public let source: String
    let nodes: [TemplateNode]

    /// Reads a template.
    ///
    /// - Throws: `TemplateError` with the place of the mistake.
    public init(parsing source: String) throws(TemplateError) {
        var parser = try TemplateParser(source)
        self.source = source
        nodes = try parser.parse()
    }

    /// Equal when written equally.
    public static func == (left: AlertTemplate, right: AlertTemplate) -> Bool { left.source == right.source }

    /// Hashes the text.
    public func hash(into hasher: inout Hasher) { hasher.combine(source) }
}
