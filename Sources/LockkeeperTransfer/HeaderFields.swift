/// One header of a request or of a message.
public struct HeaderField: Sendable, Hashable {
    /// The name, compared without regard to case.
    public var name: String
    /// The value without surrounding white space.
    public var value: String

    /// A field; what may stand in it is checked when it is sent.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Header fields in the order in which they came or go; names are looked up without regard to case
/// (RFC 9110, section 5.1).
public struct HeaderFields: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    /// All fields, repeated names included.
    public var fields: [HeaderField]

    /// The fields given, in their order.
    public init(_ fields: [HeaderField] = []) { self.fields = fields }

    /// Fields in the order in which they are written down.
    public init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { HeaderField($0.0, $0.1) }
    }

    /// The first field of that name, or nil; setting replaces every field of the name, nil removes them.
    public subscript(name: String) -> String? {
        get {
            let wanted = name.lowercased()
            return fields.first { $0.name.lowercased() == wanted }?.value
        }
        set {
            let wanted = name.lowercased()
            fields.removeAll { $0.name.lowercased() == wanted }
            if let newValue { fields.append(HeaderField(name, newValue)) }
        }
    }
}
