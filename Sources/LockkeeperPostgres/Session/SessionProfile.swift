/// How a session presents itself and what it binds itself to.
public struct SessionProfile: Sendable, Hashable {
    /// The `application_name`, enforced over what the connection string says.
    public var applicationName: String
    /// Server settings of the session, in order.
    public var settings: [Setting]

    /// A server setting and its value as `SHOW` prints it.
    public struct Setting: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(applicationName: String, settings: [Setting] = []) {
        self.applicationName = applicationName
        self.settings = settings
    }

    /// The harmless observer: reads only, waits for no lock and runs no query longer than said, sees system catalogs
    /// only, and never leaves a transaction open.
    public static func observer(
        lockTimeout: Duration = .milliseconds(200), statementTimeout: Duration = .seconds(5)
    ) -> SessionProfile {
        SessionProfile(
            applicationName: "lockkeeper",
            settings: [
                Setting("lock_timeout", shown(lockTimeout)),
                Setting("statement_timeout", shown(statementTimeout)),
                Setting("idle_in_transaction_session_timeout", shown(statementTimeout)),
                Setting("default_transaction_read_only", "on"),
                Setting("search_path", "pg_catalog"),
                // Results are parsed here; the role's or database's own settings must not change their form.
                Setting("DateStyle", "ISO, MDY"),
                Setting("bytea_output", "hex"),
                Setting("jit", "off"),
            ])
    }

    /// An ordinary client that may do everything its role may: for making situations in demonstrations and tests.
    public static func client(applicationName: String) -> SessionProfile {
        SessionProfile(applicationName: applicationName)
    }

    /// A duration as `SHOW` prints a setting of the unit ms: the largest unit that divides it (guc.c,
    /// `convert_int_from_base_unit`). At least 1 ms, since 0 would switch the limit off.
    private static func shown(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = max(1, seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        for (unit, factor) in [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000)] as [(String, Int64)]
        where milliseconds % factor == 0 {
            return "\(milliseconds / factor)\(unit)"
        }
        return "\(milliseconds)ms"
    }

    /// For the startup packet's `options`: `-c name=value`, spaces and backslashes escaped (postgres(1), `PGOPTIONS`).
    var startupOptions: String {
        settings.map { setting in
            let value = setting.value.reduce(into: "") { text, character in
                if character == " " || character == "\\" { text.append("\\") }
                text.append(character)
            }
            return "-c \(setting.name)=\(value)"
        }.joined(separator: " ")
    }

    /// The same for the current transaction only. Behind a pooler the server's session belongs to everybody: what is
    /// set for the session would stay there for the application, so nothing may be.
    var transactionSettings: Query {
        let calls = ([Setting("application_name", applicationName)] + settings).map { setting in
            // The default of later transactions is not this transaction's own.
            let name =
                setting.name == "default_transaction_read_only" ? "transaction_read_only" : setting.name
            return "pg_catalog.set_config('\(name)', '\(setting.value)', true)"
        }
        return Query(name: "lockkeeper_settings", sql: "SELECT " + calls.joined(separator: ", "))
    }
}
