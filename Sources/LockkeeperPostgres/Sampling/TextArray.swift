/// PostgreSQL's text form of an array of texts (the manual, "Array Input and Output Syntax").
enum TextArray {
    static func literal(_ texts: [String]) -> String {
        let elements = texts.map { text in
            "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
        return "{" + elements.joined(separator: ",") + "}"
    }
}
