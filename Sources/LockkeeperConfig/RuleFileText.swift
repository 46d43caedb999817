/// The text of a rule file and what it is called in messages: a path, or a name for one that is shipped inside the program.
public struct RuleFileText: Sendable, Hashable {
    public var name: String
    public var text: String

    public init(name: String, text: String) {
        self.name = name
        self.text = text
    }
}
