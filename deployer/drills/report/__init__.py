"""What a drill has shown, for people and for programs; all of it recomputable from its evidence.

========== =====================================================================
model      a report: data only
build      from a folder of evidence to a report
happened   events to a timeline: faults, checks, commands, phases
bins       requests to what a chart shows of them
judgement  figures to a verdict, findings and deviations
files      what lies in a folder of evidence, and digests of it
document   JSON and its schema
page       one HTML page, with `chart` (the timeline), `tables`, `background`
markdown   for a ticket or a pull request
terminal   for a terminal
junit      for whoever runs tests
write      all of them into the folder, and the signature
check      whether a report is what its evidence says
summary    of many drills together; `summary_texts` prints it
phrases    numbers as people write them
========== =====================================================================
"""
