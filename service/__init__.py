"""The GitHub App: from webhook to verdict."""
