# Completion of molecule for PowerShell 5.1 and later, printed by 'molecule completion powershell'.
#
# To have it in every new shell, add to the file $PROFILE:
#   molecule completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName 'molecule', 'molecule.exe' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    Set-StrictMode -Off

    # What is known: each function gives what belongs to its argument, or nothing. A choice is a word,
    # and behind a tab its summary.

# <tables>

    # What is known of a flag at this place, or nothing.
    function Find-MoleculeName([string] $name) {
        $found = Find-MoleculeFlag "$($at['node']) $name"
        if ($null -eq $found) { $found = Find-MoleculeFlag $name }
        return $found
    }

    # Takes note of a word before the cursor's.
    function Read-MoleculeWord([string] $word) {
        if ($at['rest']) {
            return
        } elseif ($at['wanted']) {
            $at['given'] += "$($at['wanted'])=$word"
            $at['wanted'] = ''
        } elseif (-not $at['ended'] -and $word -ceq '--') {
            $at['ended'] = $true
            $at['rest'] = $at['here']['passes']
        } elseif ($at['ended'] -or $word.Length -lt 2 -or $word[0] -ne '-') {
            Step-Molecule $word
        } elseif ($word.StartsWith('--')) {
            $name, $value = $word -split '=', 2
            $known = Find-MoleculeName $name
            if ($null -eq $known) { return }
            if ($null -ne $value) {
                $at['given'] += "$($known['flag'])=$value"
            } elseif ($known['kind'] -ceq 'plain' -or $known['kind'] -ceq 'switch') {
                $at['given'] += $known['flag']
            } else {
                $at['wanted'] = $known['flag']
            }
        } else {
            for ($i = 1; $i -lt $word.Length; $i++) {
                $known = Find-MoleculeName "-$($word[$i])"
                if ($null -eq $known) { return }
                $tail = $word.Substring($i + 1)
                $bare = $known['kind'] -ceq 'plain' -or $known['kind'] -ceq 'switch'
                if ($bare -and -not $tail.StartsWith('=')) {
                    $at['given'] += $known['flag']
                } elseif ($tail) {
                    $at['given'] += "$($known['flag'])=$($tail -replace '^=', '')"
                    return
                } else {
                    $at['wanted'] = $known['flag']
                }
            }
        }
    }

    # Takes note of a command, or of a word that a command takes.
    function Step-Molecule([string] $word) {
        if (-not $at['here']['group']) {
            $at['place']++
            return
        }
        $next = "$($at['node']) $word".Trim()
        $found = $null
        if ($word -and $word -notmatch '\s') { $found = Find-MoleculeNode $next }
        if ($null -ne $found) {
            $at['node'] = $next
            $at['here'] = $found
        } elseif ($word -ceq 'help') {
            $at['helped'] = $true
        } else {
            $at['lost'] = $true
        }
    }

    # Offers those choices that go on as the word begins; $lead is the part of it before the value.
    function Write-MoleculeWords($choices, [string] $lead) {
        foreach ($choice in $choices) {
            $word, $summary = $choice -split "`t", 2
            $word = $lead + $word
            if (-not $word.StartsWith($cur, [StringComparison]::Ordinal)) { continue }
            $tip = if ($summary) { $summary } else { $word }
            $text = $word
            if ($text -notmatch '^[A-Za-z0-9_./=:-]+$') { $text = "'" + $text.Replace("'", "''") + "'" }
            [System.Management.Automation.CompletionResult]::new($text, $word, 'ParameterValue', $tip)
        }
    }

    # Offers files or folders.
    function Write-MoleculePaths([string] $lead, [bool] $folders) {
        $text = $cur.Substring($lead.Length)
        foreach ($one in [System.Management.Automation.CompletionCompleters]::CompleteFilename($text)) {
            if ($folders -and $one.ResultType -ne 'ProviderContainer') { continue }
            [System.Management.Automation.CompletionResult]::new(
                $lead + $one.CompletionText, $one.ListItemText, $one.ResultType, $one.ToolTip)
        }
    }

# <listed>

    # Offers what may stand for a value.
    function Write-MoleculeValue($known, [string] $lead) {
        switch ($known['kind']) {
            'words' { Write-MoleculeWords $known['choices'] $lead }
            'file' { Write-MoleculePaths $lead $false }
            'folder' { Write-MoleculePaths $lead $true }
            'listed' { Write-MoleculeListed $known['list'] $lead }
            'pairs' { Write-MoleculePairs $known $lead }
        }
    }

    # Offers pairs of a key and a value.
    function Write-MoleculePairs($known, [string] $lead) {
        $scope = $known['scope']
        $by = "$($known['by'])="
        $chosen = ''
        foreach ($one in $at['given']) {
            if ($one.StartsWith($by, [StringComparison]::Ordinal)) { $chosen = $one.Substring($by.Length) }
        }
        $keys = Find-MoleculeKeys "$scope $chosen"
        if ($null -ne $keys) { $scope = "$scope $chosen" } else { $keys = Find-MoleculeKeys $scope }
        $key, $value = $cur.Substring($lead.Length) -split '=', 2
        if ($null -ne $value) {
            $pair = Find-MoleculePair "$scope $key"
            if ($null -ne $pair) { Write-MoleculeValue $pair "$lead$key=" }
            return
        }
        $fresh = foreach ($choice in $keys['choices']) {
            $start = "$($known['flag'])=$(($choice -split "`t", 2)[0])"
            $again = $at['given'] | Where-Object { $_.StartsWith($start, [StringComparison]::Ordinal) }
            if (-not $again -or -not $start.EndsWith('=')) { $choice }
        }
        Write-MoleculeWords $fresh $lead
    }

    # Offers the flags that are known here, less those that are given and can't be given again.
    function Write-MoleculeNames {
        foreach ($id in @($at['node'], '' | Select-Object -Unique)) {
            $flags = Find-MoleculeFlags $id
            if ($null -eq $flags) { continue }
            $choices = $flags['offered']
            if ($cur.StartsWith('--n')) { $choices += $flags['negatives'] }
            $fresh = foreach ($choice in $choices) {
                $known = Find-MoleculeName ($choice -split "`t", 2)[0]
                $again = $at['given'] | Where-Object { ($_ -split '=', 2)[0] -ceq $known['flag'] }
                if (-not $again -or $known['many']) { $choice }
            }
            Write-MoleculeWords $fresh ''
        }
    }

    # Offers what may stand at the cursor.
    function Write-Molecule {
        $flags = -not $at['ended'] -and $cur.StartsWith('-')
        if ($at['lost']) {
            return
        } elseif ($at['rest']) {
            Write-MoleculePaths '' $false
        } elseif ($at['wanted']) {
            Write-MoleculeValue (Find-MoleculeName $at['wanted']) ''
        } elseif ($flags -and $cur -match '^--[^=]*=') {
            $lead = $Matches[0]
            $known = Find-MoleculeName $lead.TrimEnd('=')
            if ($null -eq $known) { return }
            if ($known['kind'] -ceq 'switch') { $known = @{ kind = 'words'; choices = @('true', 'false') } }
            Write-MoleculeValue $known $lead
        } elseif ($flags -and $cur -match '^(-[^-])=?' -and $cur.Length -gt 2) {
            $lead = $Matches[0]
            $known = Find-MoleculeName $Matches[1]
            if ($null -ne $known) { Write-MoleculeValue $known $lead }
        } elseif ($flags) {
            Write-MoleculeNames
        } elseif ($at['here']['group']) {
            # With a flag of its own the group is to run as a command.
            $own = $at['given'] | Where-Object { Find-MoleculeFlag "$($at['node']) $(($_ -split '=', 2)[0])" }
            if (-not $own) {
                Write-MoleculeWords $at['here']['below'] ''
                if (-not $at['helped']) { Write-MoleculeWords $at['here']['once'] '' }
            }
            $free = -not $at['helped'] -and -not $at['ended'] -and -not $cur
            if ($at['here']['runs'] -and $free) { Write-MoleculeNames }
        } elseif (-not $at['helped']) {
            $place = Find-MoleculePlace "$($at['node']) $($at['place'])"
            if ($null -ne $place) {
                Write-MoleculeValue $place ''
            } elseif (-not $at['ended'] -and -not $cur) {
                Write-MoleculeNames
            }
        }
    }

    $at = @{ node = ''; here = Find-MoleculeNode ''; place = 0; given = @(); wanted = '' }
    $cur = ''
    foreach ($element in @($commandAst.CommandElements | Select-Object -Skip 1)) {
        $extent = $element.Extent
        if ($extent.StartOffset -ge $cursorPosition) { break }
        if ($extent.EndOffset -ge $cursorPosition) {
            $cur = $extent.Text.Substring(0, $cursorPosition - $extent.StartOffset) -replace '[''"`]', ''
            break
        }
        Read-MoleculeWord ($extent.Text -replace '[''"`]', '')
    }
    $found = @(Write-Molecule)
    # Without any, PowerShell would offer files.
    if ($found.Count -eq 0) { '' } else { $found }
}
