# SPDX-License-Identifier: Apache-2.0
"""Measurements side by side with a floor or a peer, in one run: `python -m benchmarks [NAME…] [--json]`.

What counts is the ratio of two sides measured in the same minute on the same machine; CPU seconds come from
`resource.getrusage`, never from a test with a time limit. Every run works in a temporary folder of its own.
"""
