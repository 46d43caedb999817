/// Reads a template into nodes and checks names: functions must exist, variables must have been declared.
struct TemplateParser {
    private static let deepestNesting = 50

    private typealias Kind = TemplateLexer.Token.Kind

    private let source: String
    private let tokens: [TemplateLexer.Token]
    private var index = 0
    private var depth = 0
    private var loops = 0
    /// What Prometheus declares before every template, and the dollar itself.
    private var variables = ["", "labels", "externalLabels", "externalURL", "value"]

    init(_ source: String) throws(TemplateError) {
        self.source = source
        tokens = try TemplateLexer.tokens(of: source)
    }

    mutating func parse() throws(TemplateError) -> [TemplateNode] {
        let (nodes, ending) = try block()
        guard ending == nil else { throw error("unexpected {{\(ending ?? "")}}", at: current.offset) }
        return nodes
    }

    /// Up to `{{end}}`, `{{else…}}` or the end of the text.
    ///
    /// - Returns: the keyword that ended it; behind `else` the rest of the action is not yet taken.
    private mutating func block() throws(TemplateError) -> ([TemplateNode], String?) {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepestNesting else { throw error("nested too deeply", at: current.offset) }
        var nodes: [TemplateNode] = []
        while true {
            switch current.kind {
            case .text(let text):
                advance()
                nodes.append(.text(text))
            case .open:
                advance()
                skipSpace()
                if case .word(let word) = current.kind, ["end", "else"].contains(word) {
                    advance()
                    if word == "end" { try expectClose("end") }
                    return (nodes, word)
                }
                if let node = try action() { nodes.append(node) }
            default:
                return (nodes, nil)
            }
        }
    }

    private mutating func action() throws(TemplateError) -> TemplateNode? {
        let start = current.offset
        guard case .word(let word) = current.kind else {
            let pipeline = try pipeline(in: "command", until: .close)
            return .output(pipeline)
        }
        switch word {
        case "if", "with", "range":
            advance()
            return try control(word, from: start)
        case "break", "continue":
            guard loops > 0 else { throw error("{{\(word)}} outside {{range}}", at: start) }
            advance()
            try expectClose(word)
            return word == "break" ? .breakLoop : .continueLoop
        case "define", "template", "block":
            throw error("{{\(word)}} is not supported in labels and annotations", at: start)
        default:
            return .output(try pipeline(in: "command", until: .close))
        }
    }

    private mutating func control(_ word: String, from start: Int) throws(TemplateError) -> TemplateNode {
        let outerVariables = variables
        defer { variables = outerVariables }
        let pipeline = try pipeline(in: word, until: .close)
        if word == "range" { loops += 1 }
        let (body, ending) = try block()
        if word == "range" { loops -= 1 }
        var otherwise: [TemplateNode] = []
        switch ending {
        case "end": break
        case "else":
            skipSpace()
            // `{{else if}}` is an if of its own that shares the end.
            if case .word(let next) = current.kind, next == word, word != "range" {
                let nested = current.offset
                advance()
                depth += 1
                defer { depth -= 1 }
                guard depth <= Self.deepestNesting else { throw error("nested too deeply", at: nested) }
                otherwise = [try control(next, from: nested)]
            } else {
                try expectClose("else")
                let (nodes, end) = try block()
                guard end == "end" else {
                    throw error(
                        end == nil ? "missing {{end}} for this {{\(word)}}" : "expected {{end}}; found {{else}}",
                        at: end == nil ? start : current.offset)
                }
                otherwise = nodes
            }
        default:
            throw error("missing {{end}} for this {{\(word)}}", at: start)
        }
        switch word {
        case "if": return .conditional(pipeline, then: body, otherwise: otherwise)
        case "with": return .with(pipeline, then: body, otherwise: otherwise)
        default: return .range(pipeline, each: body, otherwise: otherwise)
        }
    }

    private mutating func pipeline(
        in context: String, until ending: TemplateLexer.Token.Kind
    ) throws(TemplateError) -> TemplatePipeline {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepestNesting else { throw error("nested too deeply", at: current.offset) }
        skipSpace()
        var result = TemplatePipeline(variables: [], isAssignment: false, commands: [], offset: current.offset)
        try declaration(into: &result, isRange: context == "range")
        while true {
            skipSpace()
            if current.kind == ending {
                guard !result.commands.isEmpty else { throw error("missing value for \(context)", at: current.offset) }
                advance()
                break
            }
            if current.kind == .pipe {
                guard !result.commands.isEmpty else { throw unexpected("a value") }
                advance()
                skipSpace()
                if current.kind == ending { throw error("missing value behind |", at: current.offset) }
            } else if !result.commands.isEmpty {
                throw unexpected("| or the end of the action")
            }
            result.commands.append(try command())
        }
        for (position, command) in result.commands.enumerated() where position > 0 {
            guard let first = command.operands.first, case .function = first.kind else {
                throw error("non executable command in pipeline stage \(position + 1)", at: command.offset)
            }
        }
        if !result.isAssignment { variables += result.variables }
        return result
    }

    /// `$x :=`, `$x =`, and for range `$i, $x :=`
    private mutating func declaration(into result: inout TemplatePipeline, isRange: Bool) throws(TemplateError) {
        let start = index
        var names: [String] = []
        while case .variable(let name) = current.kind, !name.isEmpty {
            let offset = current.offset
            advance()
            skipSpace()
            names.append(name)
            switch current.kind {
            case .declare, .assign:
                result.isAssignment = current.kind == .assign
                if result.isAssignment, let unknown = names.first(where: { !variables.contains($0) }) {
                    throw error("undefined variable \"$\(unknown)\"", at: offset)
                }
                result.variables = names
                advance()
                return
            case .comma where isRange && names.count == 1:
                advance()
                skipSpace()
            default:
                index = start
                return
            }
        }
        index = start
    }

    private mutating func command() throws(TemplateError) -> TemplateCommand {
        var result = TemplateCommand(operands: [], offset: current.offset)
        while true {
            skipSpace()
            switch current.kind {
            case .pipe, .close, .rightParenthesis, .end, .text:
                try checkArity(of: result)
                return result
            default:
                result.operands.append(try operand())
            }
        }
    }

    /// Counts what is written; a pipeline may add one more.
    private func checkArity(of command: TemplateCommand) throws(TemplateError) {
        guard let first = command.operands.first else {
            throw unexpected("a value")
        }
        if case .function(let function) = first.kind {
            if command.operands.count - 1 > function.arity.upperBound {
                throw error(
                    "wrong number of args for \(function.rawValue): want at most \(function.arity.upperBound) "
                        + "got \(command.operands.count - 1)", at: command.offset)
            }
        } else if command.operands.count > 1 {
            throw error("can't give argument to non-function", at: command.operands[1].offset)
        }
    }

    private mutating func operand() throws(TemplateError) -> TemplateOperand {
        let start = current.offset
        var fields: [String] = []
        let kind: TemplateOperand.Kind
        switch current.kind {
        case .dot: kind = .dot
        case .field(let name):
            kind = .dot
            fields = [name]
        case .variable(let name):
            guard variables.contains(name) else { throw error("undefined variable \"$\(name)\"", at: start) }
            kind = .variable(name)
        case .string(let text): kind = .string(text)
        case .integer(let value): kind = .integer(value)
        case .float(let value): kind = .float(value)
        case .word("true"): kind = .bool(true)
        case .word("false"): kind = .bool(false)
        case .word("nil"): kind = .none
        case .word(let name):
            guard let function = TemplateFunction(rawValue: name) else {
                throw error(
                    TemplateFunction.notSupported.contains(name)
                        ? "function \"\(name)\" is not supported" : "function \"\(name)\" not defined", at: start)
            }
            kind = .function(function)
        case .leftParenthesis:
            advance()
            let inner = try pipeline(in: "parenthesized pipeline", until: .rightParenthesis)
            while case .field(let name) = current.kind {
                advance()
                fields.append(name)
            }
            return TemplateOperand(kind: .pipeline(inner), fields: fields, offset: start)
        default:
            throw unexpected("a value")
        }
        advance()
        while case .field(let name) = current.kind {
            advance()
            fields.append(name)
        }
        return TemplateOperand(kind: kind, fields: fields, offset: start)
    }

    private var current: TemplateLexer.Token { tokens[index] }

    private mutating func advance() {
        if index + 1 < tokens.count { index += 1 }
    }

    private mutating func skipSpace() {
        while current.kind == .space { advance() }
    }

    private mutating func expectClose(_ word: String) throws(TemplateError) {
        skipSpace()
        guard current.kind == .close else { throw unexpected("}} behind \(word)") }
        advance()
    }

    private func unexpected(_ wanted: String) -> TemplateError {
        let found =
            switch current.kind {
            case .text, .open, .end: "the end of the text"
            case .close: "}}"
            case .word(let name): "\"\(name)\""
            case .variable(let name): "\"$\(name)\""
            case .field(let name): "\".\(name)\""
            case .dot: "\".\""
            case .string(let text): "the string \"\(text)\""
            case .integer(let value): "\(value)"
            case .float(let value): "\(value)"
            case .pipe: "\"|\""
            case .declare: "\":=\""
            case .assign: "\"=\""
            case .comma: "\",\""
            case .leftParenthesis: "\"(\""
            case .rightParenthesis: "\")\""
            case .space: "a blank"
            }
        return error("unexpected \(found), expected \(wanted)", at: current.offset)
    }

    private func error(_ message: String, at offset: Int) -> TemplateError {
        TemplateError(message, at: offset, in: source)
    }
}
