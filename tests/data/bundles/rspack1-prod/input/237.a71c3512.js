// trimmed: only its name matters here
