"""What a browser does on its own, without a window: follows where it is sent, keeps cookies, fills in forms."""
import html.parser
import http.cookiejar
import urllib.error
import urllib.parse
import urllib.request

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
MOST_FORMS = 5


class Browser:
    def __init__(self, context):
        """`context`: of TLS, with the authorities that it trusts."""
        self.jar, self.follows = http.cookiejar.CookieJar(), Follows()
        parts = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)]
        self.opener = urllib.request.build_opener(*parts, self.follows, urllib.request.HTTPCookieProcessor(self.jar))
        # One that has no cookies and goes nowhere by itself.
        self.stranger = urllib.request.build_opener(*parts, Follows(not_to=""))

    def log_in(self, url, account, not_to=None):
        """Opens a page, and fills in what it is asked on the way there. `not_to`: stops before it would be sent to where begins so."""
        self.follows.not_to = not_to
        page = self.visit(url)
        for _ in range(MOST_FORMS):
            form = Form(page)
            if not form.action:
                break
            page = self.visit(form.action, form.fields | {name: account for name in ("login", "password") if name in form.fields})
        return page

    def visit(self, url, fields=None):
        """Gets the page, or sends a form's fields."""
        return Page(self.opener, url, urllib.parse.urlencode(fields).encode() if fields else None)

    def visit_as_stranger(self, url, **headers):
        return Page(self.stranger, url, None, headers)

    def cookies(self, names):
        """Those of these names, as a header."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.jar if cookie.name in names)


class Follows(urllib.request.HTTPRedirectHandler):
    def __init__(self, not_to=None):
        self.not_to = not_to

    def redirect_request(self, request, answer, code, message, headers, url):
        if self.not_to is not None and url.startswith(self.not_to):
            return None
        return super().redirect_request(request, answer, code, message, headers, url)


class Page:
    def __init__(self, opener, url, body, headers=()):
        request = urllib.request.Request(url, body, {"accept": HTML} | dict(headers))
        try:
            answer = opener.open(request, timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.url, self.status, self.headers, self.text = answer.geturl(), answer.status, answer.headers, answer.read().decode()

    def __str__(self):
        return f"{self.status} {self.url} {self.text[:200]}"


class Form(html.parser.HTMLParser):
    """The first form of a page."""

    def __init__(self, page):
        super().__init__()
        self.base, self.action, self.fields = page.url, None, {}
        self.feed(page.text if "html" in page.headers.get("content-type", "") else "")

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and not self.action:
            self.action = urllib.parse.urljoin(self.base, attributes["action"])
        elif tag == "input" and "name" in attributes:
            self.fields[attributes["name"]] = attributes.get("value") or ""
