/// A piece of a template.
indirect enum TemplateNode: Sendable {
    case text(String)
    /// `{{ pipeline }}`
    case output(TemplatePipeline)
    /// `{{ if }}…{{ else }}…{{ end }}`
    case conditional(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
    /// `{{ with }}…{{ else }}…{{ end }}`
    case with(TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
    /// `{{ range }}…{{ else }}…{{ end }}`
    case range(TemplatePipeline, each: [TemplateNode], otherwise: [TemplateNode])
    case breakLoop
    case continueLoop
}

/// `$x := a | b`
struct TemplatePipeline: Sendable {
    /// At most two, for `range`; without the dollar.
    var variables: [String]
    /// `=` instead of `:=`.
    var isAssignment: Bool
    var commands: [TemplateCommand]
    var offset: Int
}

/// A function with its arguments, or one value.
struct TemplateCommand: Sendable {
    var operands: [TemplateOperand]
    var offset: Int
}

/// A word of a command.
struct TemplateOperand: Sendable {
    indirect enum Kind: Sendable {
        case dot
        case variable(String)
        case function(TemplateFunction)
        case string(String)
        case integer(Int)
        case float(Double)
        case bool(Bool)
        case none
        case pipeline(TemplatePipeline)
    }

    var kind: Kind
    /// `.a.b` behind it.
    var fields: [String]
    var offset: Int
}
