"""Traffic analysis: what a browser may tell Google Analytics, Facebook Pixel and Hotjar, and nothing beside it.

`arrival` cuts a request down before anything else sees it, `event` reads the closed vocabulary, `sinks` says who may
get what by the policy, `gateway` is the stateless web application around them. Nothing is stored; drops are counted.
"""
