/// The page at `/`: one document without anything from elsewhere, which shows what the JSON API says.
///
/// Nothing of the agent's state is in the document itself: its script fetches it and sets it as text, so that no name or statement
/// can become markup.
enum Page {
    /// A new nonce for each answer, so that only this document's own style and script are obeyed. 128 random bits in hexadecimal.
    static func nonce() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    static func contentSecurityPolicy(_ nonce: String) -> String {
        """
        default-src 'none'; script-src 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; img-src data:; connect-src 'self'; \
        base-uri 'none'; form-action 'none'; frame-ancestors 'none'
        """
    }

    static func html(nonce: String) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>Lockkeeper</title>
        <link rel="icon" href="data:image/svg+xml,\(icon)">
        <style nonce="\(nonce)">
        \(style)
        </style>
        </head>
        <body>
        \(body)
        <script nonce="\(nonce)">
        \(script)
        </script>
        </body>
        </html>

        """
    }

    /// A lock's two gates, closed against the stream. Percent-encoded SVG.
    private static let icon = """
        %3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='7' fill='%23155e75'/%3E\
        %3Cpath d='M7 7v18M25 7v18M7 9l9 7-9 7M25 9l-9 7 9 7' fill='none' stroke='%23fff' stroke-width='2.6' \
        stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E
        """

    private static let body = """
        <header>
          <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="7"></rect>
            <path d="M7 7v18M25 7v18M7 9l9 7-9 7M25 9l-9 7 9 7"></path>
          </svg>
          <h1>Lockkeeper</h1>
          <p id="status" role="status" aria-live="polite">Asking the agent …</p>
        </header>
        <main>
          <noscript><p class="empty">This page needs JavaScript. The same is to be read as
            <a href="/api/v1/migrations">JSON</a> and as <a href="/metrics">metrics</a>.</p></noscript>
          <section id="incident" hidden><h2>Incident</h2><div class="list"></div></section>
          <section id="running" hidden><h2>Running migrations</h2><div class="list"></div></section>
          <section id="incidents" hidden><h2>Open incidents</h2><div class="list"></div></section>
          <section id="findings" hidden><h2>Findings</h2><div class="list"></div></section>
          <section id="targets" hidden><h2>Targets</h2><div class="grid"></div></section>
          <section id="recent" hidden><h2>Recent runs</h2><div class="list"></div></section>
        </main>
        <footer>
          <nav aria-label="Other forms">
            <a href="/metrics">metrics</a>
            <a href="/api/v1/targets">targets</a>
            <a href="/api/v1/migrations">migrations</a>
            <a href="/api/v1/incidents">incidents</a>
            <a href="/api/v1/deliveries">deliveries</a>
            <a href="/-/healthy" title="Whether the rules are being evaluated: if not, the agent hangs">healthy</a>
            <a href="/-/ready" title="Whether every target has been looked at, the state can be stored, and secrets can be read">ready</a>
          </nav>
        </footer>
        """
}
