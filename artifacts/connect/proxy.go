package connect

import "golang.org/x/net/http/httpproxy"

// A Proxy says through which proxies a W&B server is reached, in the words of
// the environment variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY. The zero
// value is none. Loopback addresses are always reached directly.
type Proxy struct {
	HTTP, HTTPS, No string
}

// readProxy reads the variables in both of their spellings. HTTP_PROXY is not
// heeded in a CGI program, where the client of the web server can set it.
func readProxy(env Environment) Proxy {
	p := Proxy{
		HTTP:  first(env.Var("HTTP_PROXY"), env.Var("http_proxy")),
		HTTPS: first(env.Var("HTTPS_PROXY"), env.Var("https_proxy")),
		No:    first(env.Var("NO_PROXY"), env.Var("no_proxy")),
	}
	if env.Var("REQUEST_METHOD") != "" {
		p.HTTP = env.Var("http_proxy")
	}
	return p
}

func (p Proxy) config() *httpproxy.Config {
	return &httpproxy.Config{HTTPProxy: p.HTTP, HTTPSProxy: p.HTTPS, NoProxy: p.No}
}
