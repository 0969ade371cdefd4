#include "services/finalmile/demo/track_sample.h"

namespace finalmile::cli {
namespace {

constexpr std::string_view kTrack = R"(---
title: Several sites
owner: mia
situation: several-sites
audience: heads of operations
source_assets: [assets/demo_case-studies_lakeside-ports]
key_messages:
  - id: waiting-time
    text: Waiting time fell from 46 to 22 minutes per shift.
    weight: 3
    required: true
    cues: [waiting time fell from 46 to 22 minutes, from 46 minutes of waiting to 22]
  - id: one-plan
    text: There is one plan for all sites, changed by whoever stands there.
    weight: 2
    cues: [one plan for all sites]
  - id: pilot
    text: A pilot at one site takes six weeks.
    weight: 1
    cues: [pilot at one site takes six weeks]
avoid: [to be honest, no risk at all]
certificate_validity: 4320h
---
## Hook
Every site has a plan, and none of them is yours.

## Before
Each of four terminals planned by itself, in a sheet. Nobody saw that a crew waited at one quay while the next one was
short of people.

## After
One plan for all four, changed by whoever stands at the quay.

## Number
Waiting time fell from 46 to 22 minutes per shift.

## Question
Who at your sites knows today which crew will wait tomorrow?

## 15 seconds
Four terminals planned by themselves, and crews waited. With one plan for all sites, waiting time fell from 46 to 22
minutes per shift. Which of your sites would begin?

## 60 seconds
Lakeside Ports has four terminals. Each of them kept a plan of its own, in a sheet, and each of these plans was good for
its own quay alone. When a ship came late at one terminal, its crew waited, while the next terminal paid overtime. Nobody
had done anything wrong: nobody saw the other sheet. Then they drew up one plan for all sites, which whoever stands at
the quay may change, and everybody sees the change at once. Waiting time fell from 46 to 22 minutes per shift. It began
small: a pilot at one site takes six weeks. Who at your sites knows today which crew will wait tomorrow?

## 180 seconds
When I first spoke with the head of operations of Lakeside Ports, she laid four printed sheets on the table. Each of them
was the plan of one terminal, and each of them was right. One planner had kept his for eleven years, and knew every crew
by its first names. Still the crews waited, 46 minutes in every shift, and still the terminals paid overtime.

She had asked each planner where the time went. Each of them showed her a plan in which nobody waited. It took her a week
on the quays to see what was missing. A ship came two hours late at the north terminal, and the crew there sat down. At
the same moment the south terminal called people in on their day off, since two others were ill. It is a walk of nine
minutes from one to the other. Nobody had done anything wrong. Nobody saw the other sheet.

She did not want a large project. Two of those had failed before, each of them with a plan that came from the head office
and that nobody on the quay believed in. So the first rule was that whoever stands at the quay changes the plan, and that
everybody else sees the change at once. There is one plan for all sites, and no one at the head office has to agree to
what a foreman can see with his own eyes.

They began with the north terminal. A pilot at one site takes six weeks: two for reading the sheet that exists, two in
which both plans run beside each other, and two in which the old one is left alone. In the fifth week the planner of the
south terminal asked whether he might look. In the sixth he asked to be let in.

By the end of the quarter all four were there. Waiting time fell from 46 to 22 minutes per shift, and the overtime of
Sundays was gone. The planner with the eleven years has kept his sheet, in a frame.

What would you see if you stood on your quays for a week? And who at your sites knows today which crew will wait tomorrow?
)";

constexpr SampleTurn kExample[] = {
    {true,
     "Thank you for twenty minutes. I would like to hear how your sites plan, and then say what others did."},
    {false, "Every site has its own sheet. They are good people, but we are always short somewhere."},
    {true, "What does it cost you when a crew waits at one site while the next one pays overtime?"},
    {false, "More than I would like. We never put a figure to it."},
    {true,
     "Lakeside Ports did. Their waiting time fell from 46 to 22 minutes per shift. They have one plan for "
     "all sites, "
     "and whoever stands at the quay changes it."},
    {false, "And how long did that take?"},
    {true, "A pilot at one site takes six weeks. Shall we choose the site on Thursday, with your planner?"},
};

constexpr SampleTurn kFirstTry[] = {
    {true, "We help companies with several sites. There is one plan for all sites, and everybody sees it."},
    {false, "We have tried such a thing before. What is different here?"},
    {true, "To be honest, it is simply better. A pilot at one site takes six weeks."},
    {false, "I will think about it."},
};

constexpr SampleTurn kPractised[] = {
    {true,
     "You have four sites, and each of them has its own sheet. Who knows today which crew will wait "
     "tomorrow?"},
    {false, "Nobody, if I am frank. It costs us a lot of overtime."},
    {true,
     "That is what Lakeside Ports said. With one plan for all sites, their waiting time fell from 46 to 22 "
     "minutes."},
    {false, "That is a lot. How would we begin?"},
    {true,
     "A pilot at one site takes six weeks. May I come on Thursday and read the sheet of one site with you?"},
};

}  // namespace

std::string_view SampleTrack() { return kTrack; }
std::span<const SampleTurn> SampleExample() { return kExample; }
std::span<const SampleTurn> FirstTry() { return kFirstTry; }
std::span<const SampleTurn> Practised() { return kPractised; }

}  // namespace finalmile::cli
